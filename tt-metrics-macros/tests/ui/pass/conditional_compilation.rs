//! `#[cfg]` on the function, on an argument and on the attribute.

use tt_metrics::count_outcome;

#[cfg(any())]
#[count_outcome(success = "S")]
fn absent() -> Absent {}

#[count_outcome(success = "S")]
#[cfg(any())]
fn absent_below() -> Absent {}

#[count_outcome(success = "S")]
fn sync(#[cfg(any())] gone: Absent, #[cfg(all())] here: u8) -> Result<u8, ()> {
    Ok(here)
}

#[count_outcome(success = "S")]
async fn later(#[cfg(any())] gone: Absent, #[cfg(all())] here: u8) -> Result<u8, ()> {
    Ok(here)
}

#[cfg_attr(all(), count_outcome(success = "S"))]
fn conditionally_counted() -> Result<u8, ()> {
    Ok(1)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(sync(1), Ok(1));
    let _ = ::futures_util::FutureExt::now_or_never(later(1));
    assert_eq!(conditionally_counted(), Ok(1));
    assert_eq!(metrics.count("S"), 3);
}
