//! A crate without unsafe code stays one.
#![forbid(unsafe_code)]

#[tt_metrics::count("NoUnsafeCalls")]
#[tt_metrics::count_outcome(success = "NoUnsafeDone")]
fn counted<T>(value: T) -> Option<T> {
    #[tt_metrics::count_outcome(success = "NoUnsafeInnerDone")]
    async fn inner() -> Option<()> {
        None
    }
    drop(inner());
    tt_metrics::outcome!(success = "NoUnsafeBlockDone"; Some(value))
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(counted(1), Some(1));
    assert_eq!(["NoUnsafeBlockDone", "NoUnsafeCalls", "NoUnsafeDone"].map(|metric| metrics.count(metric)), [1, 1, 1]);
}
