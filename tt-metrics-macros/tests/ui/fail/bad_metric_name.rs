//! A metric name has ASCII characters, no control character and no leading colon.

use tt_metrics::count;

#[count("")]
fn empty() {}

#[count("Fälle")]
fn foreign() {}

#[count("a\nb")]
fn control() {}

#[count(":Calls")]
fn reserved() {}

fn main() {
    empty();
    foreign();
    control();
    reserved();
}
