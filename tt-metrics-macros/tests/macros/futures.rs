//! When a future begins to be a call, how it ends when it is dropped, and how big it is.

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

/// The same three nested functions, counted or not.
macro_rules! nested {
    ($module:ident, $(#[$attribute:meta])?) => {
        mod $module {
            $(#[$attribute])?
            pub(super) async fn one(bytes: [u8; 1024], text: &str) -> Result<u8, ()> {
                super::yield_once().await;
                Ok(text.as_bytes().first().copied().unwrap_or(bytes[0]))
            }

            $(#[$attribute])?
            pub(super) async fn two(bytes: [u8; 1024], text: &str) -> Result<u8, ()> {
                Ok(one(bytes, text).await? + bytes[1])
            }

            $(#[$attribute])?
            pub(super) async fn three(bytes: [u8; 1024], text: &str) -> Result<u8, ()> {
                Ok(two(bytes, text).await? + bytes[2])
            }
        }
    };
}

nested!(uncounted,);
nested!(counted, #[tt_metrics::count_outcome(success = "NestedDone")]);
nested!(detailed, #[tt_metrics::count_outcome(success = "DetailedDone", latency = "DetailedTime", interrupted = "DetailedCut")]);

/// The same small functions, counted or not.
macro_rules! small {
    ($module:ident, $(#[$attribute:meta])?) => {
        mod $module {
            $(#[$attribute])?
            pub(super) async fn ready() -> Result<(), ()> {
                Ok(())
            }

            $(#[$attribute])?
            pub(super) async fn text(text: &str, limit: usize) -> Result<usize, ()> {
                super::yield_once().await;
                Ok(text.len().min(limit))
            }

            $(#[$attribute])?
            pub(super) async fn owned(text: String, more: Vec<u8>) -> Result<usize, ()> {
                super::yield_once().await;
                Ok(text.len() + more.len())
            }
        }
    };
}

small!(small_uncounted,);
small!(small_counted, #[tt_metrics::count_outcome(success = "SmallDone")]);
small!(small_detailed, #[tt_metrics::count_outcome(success = "SmallDetailed", latency = "SmallTime", interrupted = "SmallCut")]);

/// The sizes of a function's future: plain, counted, with all that is told of a call.
macro_rules! sizes {
    ($plain:ident, $counted:ident, $detailed:ident, $function:ident($($argument:expr),*)) => {
        [
            size_of_val(&$plain::$function($($argument),*)),
            size_of_val(&$counted::$function($($argument),*)),
            size_of_val(&$detailed::$function($($argument),*)),
        ]
    };
}

#[test]
fn the_sizes_of_futures_are_those_of_the_documentation() {
    let bytes = [1; 1024];
    let table = [
        (
            "returns at once",
            sizes!(small_uncounted, small_counted, small_detailed, ready()),
        ),
        (
            "borrows two arguments",
            sizes!(small_uncounted, small_counted, small_detailed, text("", 1)),
        ),
        (
            "owns two arguments",
            sizes!(
                small_uncounted,
                small_counted,
                small_detailed,
                owned(String::new(), Vec::new())
            ),
        ),
        (
            "owns 1 KiB",
            sizes!(uncounted, counted, detailed, one(bytes, "")),
        ),
        (
            "awaits the one above with the same 1 KiB",
            sizes!(uncounted, counted, detailed, two(bytes, "")),
        ),
        (
            "awaits that one",
            sizes!(uncounted, counted, detailed, three(bytes, "")),
        ),
    ];
    let documented = include_str!("../../src/docs/count_outcome.md");
    for (shape, [plain, counted, detailed]) in table {
        let row = format!("| {shape} | {plain} | {counted} | {detailed} |");
        assert!(documented.contains(&row), "{table:#?}");
    }
}

#[test]
fn a_counted_future_is_no_larger_than_the_plain_one() {
    let bytes = [1; 1024];
    let sizes = [
        sizes!(uncounted, counted, detailed, one(bytes, "")),
        sizes!(uncounted, counted, detailed, two(bytes, "")),
        sizes!(uncounted, counted, detailed, three(bytes, "")),
    ];
    for [plain, counted, _] in sizes {
        assert!(counted <= plain, "{sizes:?}");
    }
}
