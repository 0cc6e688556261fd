//! `unsafe`, `async unsafe`, `extern "C"`, raw identifiers.

use tt_metrics::{Outcome, count_outcome};

#[count_outcome(success = "S", failure = "F")]
unsafe fn read(at: *const u8) -> Result<u8, ()> {
    Ok(unsafe { *at })
}

#[count_outcome(success = "S", failure = "F")]
async unsafe fn read_later(at: *const u8) -> Result<u8, ()> {
    Ok(unsafe { *at })
}

fn positive(value: &i32) -> Outcome {
    if *value > 0 {
        Outcome::Success
    } else {
        Outcome::Failure
    }
}

#[count_outcome(success = "S", failure = "F", by = positive)]
extern "C" fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[count_outcome(success = "S", failure = "F")]
fn r#match(r#type: u8) -> Result<u8, ()> {
    Ok(r#type)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(unsafe { read(&1) }, Ok(1));
    let _ = ::futures_util::FutureExt::now_or_never(unsafe { read_later(&1) });
    let add: extern "C" fn(i32, i32) -> i32 = add;
    assert_eq!(add(1, 2), 3);
    assert_eq!(r#match(1), Ok(1));
    assert_eq!(metrics.count("S"), 4);
}
