//! Functions inside functions, and the same names on many of them.

use tt_metrics::count_outcome;

#[count_outcome(success = "S")]
fn outer() -> Result<u8, ()> {
    #[count_outcome(success = "S")]
    fn inner() -> Result<u8, ()> {
        Ok(1)
    }
    inner()
}

#[count_outcome(success = "S")]
async fn outer_later() -> Result<u8, ()> {
    #[count_outcome(success = "S")]
    async fn inner() -> Result<u8, ()> {
        Ok(1)
    }
    inner().await
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(outer(), Ok(1));
    let _ = ::futures_util::FutureExt::now_or_never(outer_later());
    assert_eq!(metrics.count("S"), 4);
}
