//! A function with `#[track_caller]` is counted. Its body is a closure, so a location in it is one of the function.

use std::panic::Location;

use tt_metrics::{capture, count, count_outcome};

#[track_caller]
#[count_outcome(success = "S", failure = "F")]
fn at_the_end(yes: bool) -> Option<u32> {
    yes.then(|| Location::caller().line())
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
#[track_caller]
fn early(yes: bool) -> Result<u32, String> {
    if yes {
        return Ok(Location::caller().line());
    }
    Err("no")?
}

fn main() {
    let metrics = capture();
    assert_eq!(at_the_end(true), Some(10));
    assert_eq!(at_the_end(false), None);
    assert_eq!(early(true), Ok(18));
    assert!(early(false).is_err());
    assert_eq!(["C", "S", "F"].map(|metric| metrics.count(metric)), [2, 2, 2]);
}
