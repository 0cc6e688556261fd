//! Functions that call themselves.

use tt_metrics::count_outcome;

#[count_outcome(success = "S", failure = "F")]
fn down(n: u8) -> Result<u8, ()> {
    if n == 0 { Ok(0) } else { down(n - 1) }
}

#[count_outcome(success = "S", failure = "F")]
async fn down_later(n: u8) -> Result<u8, ()> {
    if n == 0 {
        Ok(0)
    } else {
        Box::pin(down_later(n - 1)).await
    }
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(down(9), Ok(0));
    let _ = ::futures_util::FutureExt::now_or_never(down_later(9));
    assert_eq!(metrics.count("S"), 20);
}
