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

#[count("_aws")]
#[count("request_id")]
#[count("cold_start")]
fn property() {}

fn main() {
    blank();
    property();
    empty();
    foreign();
    control();
    reserved();
}
