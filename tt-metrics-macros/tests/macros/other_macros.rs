//! Attributes of other crates, above and below: the other macro expands first, and its code is part of the call.

use std::future::Future;

use tt_metrics::{Capture, capture, count, count_outcome};

use crate::{block_on, poll_once, yield_once};

#[tracing::instrument(skip_all, fields(key, left), err(Debug))]
#[count("OtherCalls")]
#[count_outcome(
    success = "OtherDone",
    failure = "OtherFailed",
    interrupted = "OtherCut"
)]
async fn below(key: &str, (left, _): (u8, u8)) -> Result<u8, String> {
    yield_once().await;
    if key.is_empty() {
        Err(key.to_owned())
    } else {
        Ok(left)
    }
}

#[count("OtherCalls")]
#[count_outcome(
    success = "OtherDone",
    failure = "OtherFailed",
    interrupted = "OtherCut"
)]
#[tracing::instrument(skip_all, fields(key, left), err(Debug))]
async fn above(key: &str, (left, _): (u8, u8)) -> Result<u8, String> {
    yield_once().await;
    if key.is_empty() {
        Err(key.to_owned())
    } else {
        Ok(left)
    }
}

#[count_outcome(
    success = "OtherDone",
    failure = "OtherFailed",
    interrupted = "OtherCut"
)]
#[tracing::instrument(skip(left), fields(left), ret)]
#[count("OtherCalls")]
fn sync(key: &str, (left, _): (u8, u8)) -> Result<u8, String> {
    if key.is_empty() {
        Err(key.to_owned())
    } else {
        Ok(left)
    }
}

/// Calls, successes, failures, interruptions.
fn moved(metrics: &Capture) -> [u64; 4] {
    ["OtherCalls", "OtherDone", "OtherFailed", "OtherCut"].map(|metric| metrics.count(metric))
}

fn assert_counted<F: Future<Output = Result<u8, String>>>(call: impl Fn(&'static str) -> F) {
    let metrics = capture();
    assert!(block_on(call("a")).is_ok());
    assert_eq!(moved(&metrics), [1, 1, 0, 0]);
    assert!(block_on(call("")).is_err());
    assert_eq!(moved(&metrics), [2, 1, 1, 0]);
    drop(call("a"));
    let mut cut = Box::pin(call("a"));
    assert!(poll_once(cut.as_mut()).is_pending());
    drop(cut);
    assert_eq!(moved(&metrics), [3, 1, 1, 1]);
}

#[test]
fn a_function_with_a_span_is_counted_in_either_order() {
    assert_counted(|key| below(key, (1, 2)));
    assert_counted(|key| above(key, (1, 2)));
    let metrics = capture();
    assert_eq!(sync("a", (1, 2)), Ok(1));
    assert!(sync("", (1, 2)).is_err());
    assert_eq!(moved(&metrics), [2, 1, 1, 0]);
}

#[test]
fn a_runtime_attribute_is_counted_in_either_order() {
    #[count_outcome(success = "OtherDone")]
    #[tokio::main(flavor = "current_thread")]
    async fn inside() -> Result<(), ()> {
        tokio::task::yield_now().await;
        Ok(())
    }

    #[tokio::main(flavor = "current_thread")]
    #[count_outcome(success = "OtherDone")]
    async fn outside() -> Result<(), ()> {
        tokio::task::yield_now().await;
        Ok(())
    }

    let metrics = capture();
    assert_eq!((inside(), outside()), (Ok(()), Ok(())));
    assert_eq!(moved(&metrics), [0, 2, 0, 0]);
}

#[count_outcome(success = "OtherTested")]
#[tokio::test]
async fn a_counted_test_runs() -> Result<(), String> {
    tokio::task::yield_now().await;
    Ok(())
}

#[tokio::test]
#[count_outcome(success = "OtherTested")]
async fn a_test_that_is_counted_runs() -> Result<(), String> {
    tokio::task::yield_now().await;
    Ok(())
}

#[count_outcome(success = "OtherTested")]
#[test]
fn a_counted_sync_test_runs() -> Result<(), String> {
    Ok(())
}
