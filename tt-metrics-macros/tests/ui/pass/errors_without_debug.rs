//! Neither the value nor the error of a `Result` has to implement anything.

use tt_metrics::count_outcome;

struct Bare;

#[count_outcome(success = "S", failure = "F")]
fn sync() -> Result<Bare, Bare> {
    Err(Bare)
}

#[count_outcome(success = "S", failure = "F")]
async fn later() -> Result<Bare, Bare> {
    Err(Bare)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert!(sync().is_err());
    let _ = ::futures_util::FutureExt::now_or_never(later());
    assert_eq!(metrics.count("F"), 2);
}
