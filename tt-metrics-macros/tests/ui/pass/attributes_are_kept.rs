//! Documentation, lints and other attributes stay, also those inside the body.
#![deny(missing_docs, unused)]

use tt_metrics::count_outcome;

/// Documented.
#[must_use]
#[inline(always)]
#[count_outcome(success = "S")]
#[allow(unused_variables)]
pub fn sync() -> Result<u8, ()> {
    #![allow(unused_mut)]
    let mut unused = 1;
    Ok(1)
}

/// Documented.
#[count_outcome(success = "S")]
#[must_use]
#[expect(unused_variables)]
pub async fn later() -> Result<u8, ()> {
    #![expect(unused_mut)]
    let mut unused = 1;
    Ok(1)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let _ = sync();
    let _ = ::futures_util::FutureExt::now_or_never(later());
    assert_eq!(metrics.count("S"), 2);
}
