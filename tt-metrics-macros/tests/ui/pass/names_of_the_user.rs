//! The user's own items and locals may have any name.
#![deny(warnings)]

mod std {}
mod core {}
mod tt_metrics {}
mod linkme {}

#[allow(dead_code)]
enum Mine {
    Ok,
    Err,
    Some,
    None,
}
#[allow(unused_imports)]
use Mine::{Err, None, Ok, Some};

#[allow(dead_code)]
struct Result;
#[allow(dead_code)]
struct Option;
#[allow(dead_code)]
struct Box;
#[allow(dead_code)]
trait Future {}

#[allow(unused_macros)]
macro_rules! concat {
    () => {};
}
#[allow(unused_macros)]
macro_rules! line {
    () => {};
}

type Answer = ::core::result::Result<u8, u8>;

#[::tt_metrics::count("C")]
#[::tt_metrics::count_outcome(success = "S", failure = "F")]
fn sync(__value: u8, __returned: u8, call: u8, classify: u8) -> Answer {
    Answer::Ok(__value + __returned + call + classify)
}

#[::tt_metrics::count("C")]
#[::tt_metrics::count_outcome(success = "S", failure = "F")]
async fn later(__arg1: u8, _: u8, track: u8, count: u8) -> Answer {
    Answer::Ok(__arg1 + track + count)
}

fn main() {
    assert_eq!(sync(1, 2, 3, 4), Answer::Ok(10));
    drop(later(1, 2, 3, 4));
}
