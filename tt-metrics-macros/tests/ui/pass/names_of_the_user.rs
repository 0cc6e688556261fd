//! The user's own items and locals may have any name.
#![deny(warnings)]

mod std {}
mod core {}
mod tt_metrics {}
mod linkme {}
mod tracing {}
mod alloc {}

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

/// Where the primitive types are other types.
mod primitives {
    #![allow(non_camel_case_types, dead_code)]

    type u8 = ::core::primitive::u16;
    type u32 = ::core::primitive::u64;
    type bool = ();
    type str = ();
    type usize = ();

    #[::tt_metrics::count("C")]
    #[::tt_metrics::count_outcome(success = "S", failure = "F", latency = "L", in_flight = "I")]
    pub fn sync(x: u8) -> ::core::option::Option<u8> {
        ::core::option::Option::Some(x)
    }

    #[::tt_metrics::count("C", items = 2_u64, unit = "Bytes")]
    #[::tt_metrics::count_outcome(success = "S", failure = "F", failure_by = Kind)]
    pub async fn later(x: u8) -> ::core::result::Result<u8, Kind> {
        ::core::result::Result::Ok(x)
    }

    #[derive(::tt_metrics::Dimension)]
    pub enum Kind {
        One,
    }
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
    let metrics = ::tt_metrics::capture();
    assert_eq!(sync(1, 2, 3, 4), Answer::Ok(10));
    let _ = ::futures_util::FutureExt::now_or_never(later(1, 2, 3, 4));
    assert_eq!(primitives::sync(300), ::core::option::Option::Some(300));
    let _ = ::futures_util::FutureExt::now_or_never(primitives::later(300));
    assert_eq!(["C", "S"].map(|metric| metrics.count(metric)), [5, 4]);
}
