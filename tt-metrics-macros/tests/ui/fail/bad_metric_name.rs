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

#[count("  ")]
fn blank() {}

fn main() {
    blank();
    empty();
    foreign();
    control();
    reserved();
}
