//! Attributes may be combined in any order, also twice the same.

use tt_metrics::{count, count_outcome};

#[count("A")]
#[count("B")]
#[count_outcome(success = "C")]
#[count_outcome(failure = "D")]
fn outside() -> Result<u8, ()> {
    Ok(1)
}

#[count_outcome(success = "C")]
#[count("A")]
#[count_outcome(failure = "D")]
#[count("B")]
async fn mixed(text: &str) -> Result<&str, ()> {
    Ok(text)
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(outside(), Ok(1));
    let _ = ::futures_util::FutureExt::now_or_never(mixed("a"));
    assert_eq!(["A", "B", "C"].map(|metric| metrics.count(metric)), [2, 2, 2]);
}
