//! A metric is stored by the second or by the minute.

use tt_metrics::count;

#[count("Seconds", resolution = 30)]
fn seconds() {}

#[count("Typo", resolution = "hihg")]
fn typo() {}

#[count("Bare", resolution = high)]
fn bare() {}

#[count("Nothing", resolution)]
fn nothing() {}

#[count("Twice", resolution = 1, resolution = "high")]
fn twice() {}

fn main() {
    seconds();
    typo();
    bare();
    nothing();
    twice();
}
