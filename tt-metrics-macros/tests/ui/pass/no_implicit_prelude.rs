//! A crate without prelude and without unsafe code.
#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(warnings)]

use ::core::result::Result;
use ::tt_metrics::{count, count_outcome};

#[count("C")]
#[count_outcome(success = "S", failure = "F", neutral = "N", interrupted = "I")]
fn sync(value: u8) -> Result<u8, u8> {
    Result::Ok(value)
}

#[count("C")]
#[count_outcome(success = "S", failure = "F", neutral = "N", interrupted = "I")]
async fn later(value: u8) -> Result<u8, u8> {
    Result::Ok(value)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let _ = sync(1);
    let _ = later(1);
    ::core::assert_eq!(["C", "S"].map(|metric| metrics.count(metric)), [1, 1]);
}
