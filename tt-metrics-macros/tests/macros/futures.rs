//! When a future begins to be a call, and how it ends when it is dropped.

use std::{
    future::Future,
    pin::{Pin, pin},
};

use tt_metrics::{Capture, capture, count, count_outcome};

use crate::{block_on, poll_once, yield_once};

type Boxed = Pin<Box<dyn Future<Output = Result<(), ()>>>>;

#[count("FuturesCalls")]
#[count_outcome(
    success = "FuturesDone",
    failure = "FuturesFailed",
    interrupted = "FuturesCut"
)]
async fn plain() -> Result<(), ()> {
    yield_once().await;
    Ok(())
}

// The attribute that comes last sees the expansion of the first.
#[count_outcome(
    success = "FuturesDone",
    failure = "FuturesFailed",
    interrupted = "FuturesCut"
)]
#[count("FuturesCalls")]
async fn reversed() -> Result<(), ()> {
    yield_once().await;
    Ok(())
}

#[count("FuturesCalls")]
#[count_outcome(
    success = "FuturesDone",
    failure = "FuturesFailed",
    interrupted = "FuturesCut"
)]
fn opaque() -> impl Future<Output = Result<(), ()>> {
    async move {
        yield_once().await;
        Ok(())
    }
}

#[count_outcome(
    success = "FuturesDone",
    failure = "FuturesFailed",
    interrupted = "FuturesCut"
)]
#[count("FuturesCalls")]
fn boxed() -> Boxed {
    Box::pin(async move {
        yield_once().await;
        Ok(())
    })
}

fn each_shape() -> Vec<Boxed> {
    vec![
        Box::pin(plain()),
        Box::pin(reversed()),
        Box::pin(opaque()),
        Box::pin(boxed()),
    ]
}

/// Calls, successes, failures, interruptions.
fn moved(metrics: &Capture) -> [u64; 4] {
    ["FuturesCalls", "FuturesDone", "FuturesFailed", "FuturesCut"]
        .map(|metric| metrics.count(metric))
}

#[test]
fn a_future_that_nobody_polls_is_no_call() {
    let metrics = capture();
    for future in each_shape() {
        drop(future);
        assert_eq!(moved(&metrics), [0, 0, 0, 0]);
    }
}

#[test]
fn a_future_dropped_half_way_is_interrupted() {
    let metrics = capture();
    for (index, mut future) in (1..).zip(each_shape()) {
        assert!(poll_once(future.as_mut()).is_pending());
        assert_eq!(moved(&metrics), [index, 0, 0, index - 1]);
        drop(future);
        assert_eq!(moved(&metrics), [index, 0, 0, index]);
    }
}

#[test]
fn a_future_that_ends_is_counted_once_when_it_ends() {
    let metrics = capture();
    for (index, mut future) in (1..).zip(each_shape()) {
        assert!(poll_once(future.as_mut()).is_pending());
        assert!(poll_once(future.as_mut()).is_ready());
        assert_eq!(moved(&metrics), [index, index, 0, 0]);
        drop(future);
        assert_eq!(moved(&metrics), [index, index, 0, 0]);
    }
}

#[test]
fn a_counted_future_in_another_is_counted_by_itself() {
    #[count_outcome(success = "FuturesOuter")]
    async fn outer() -> Result<(), ()> {
        plain().await?;
        pin!(opaque()).await
    }

    let metrics = capture();
    assert_eq!(block_on(outer()), Ok(()));
    assert_eq!(moved(&metrics), [2, 2, 0, 0]);
    assert_eq!(metrics.count("FuturesOuter"), 1);
}
