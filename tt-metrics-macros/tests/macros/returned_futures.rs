//! A function that returns a future is counted by that future, whichever of its futures it returns.

use std::{
    future::{Future, ready},
    pin::Pin,
};

use tt_metrics::{Capture, capture, count, count_outcome};

use crate::{block_on, poll_once, yield_once};

type Boxed<'a> = Pin<Box<dyn Future<Output = Result<usize, ()>> + Send + 'a>>;

async fn answer(length: usize) -> Result<usize, ()> {
    yield_once().await;
    if length == 3 { Err(()) } else { Ok(length) }
}

macro_rules! functions {
    ($($(#[$attribute:meta])+ in $module:ident;)+) => {$(
        mod $module {
            use super::*;

            $(#[$attribute])+
            pub(super) fn made_elsewhere(
                text: &str,
            ) -> impl Future<Output = Result<usize, ()>> + Send + use<> {
                answer(text.len())
            }

            $(#[$attribute])+
            pub(super) fn early(text: &str) -> Boxed<'_> {
                if text.is_empty() {
                    return Box::pin(ready(Err(())));
                }
                Box::pin(async move { answer(text.len()).await })
            }

            $(#[$attribute])+
            pub(super) fn branches<'a>(
                text: &'a str,
            ) -> Pin<Box<dyn Future<Output = Result<usize, ()>> + Send + 'a>> {
                match text {
                    "" => Box::pin(ready(Err(()))),
                    _ => Box::pin(answer(text.len())),
                }
            }
        }
    )+};
}

functions! {
    #[count("ReturnedCalls")]
    #[count_outcome(success = "ReturnedDone", failure = "ReturnedFailed", interrupted = "ReturnedCut")]
    in count_first;
    #[count_outcome(success = "ReturnedDone", failure = "ReturnedFailed", interrupted = "ReturnedCut")]
    #[count("ReturnedCalls")]
    in outcome_first;
}

fn each_shape(text: &str) -> Vec<Boxed<'_>> {
    vec![
        Box::pin(count_first::made_elsewhere(text)),
        Box::pin(count_first::early(text)),
        Box::pin(count_first::branches(text)),
        Box::pin(outcome_first::made_elsewhere(text)),
        Box::pin(outcome_first::early(text)),
        Box::pin(outcome_first::branches(text)),
    ]
}

/// Calls, successes, failures, interruptions.
fn moved(metrics: &Capture) -> [u64; 4] {
    [
        "ReturnedCalls",
        "ReturnedDone",
        "ReturnedFailed",
        "ReturnedCut",
    ]
    .map(|metric| metrics.count(metric))
}

#[test]
fn a_returned_future_counts_what_it_yields() {
    for (text, expected) in [("ab", [1, 1, 0, 0]), ("abc", [1, 0, 1, 0])] {
        for future in each_shape(text) {
            let metrics = capture();
            let _ = block_on(future);
            assert_eq!(moved(&metrics), expected, "{text}");
        }
    }
}

#[test]
fn a_future_returned_early_is_counted() {
    for index in [1, 2, 4, 5] {
        let metrics = capture();
        assert_eq!(block_on(each_shape("").swap_remove(index)), Err(()));
        assert_eq!(moved(&metrics), [1, 0, 1, 0], "{index}");
    }
}

#[test]
fn a_returned_future_that_nobody_polls_is_no_call() {
    let metrics = capture();
    drop(each_shape("ab"));
    assert_eq!(moved(&metrics), [0, 0, 0, 0]);
}

#[test]
fn a_returned_future_dropped_half_way_is_interrupted() {
    for mut future in each_shape("ab") {
        let metrics = capture();
        assert!(poll_once(future.as_mut()).is_pending());
        assert_eq!(moved(&metrics), [1, 0, 0, 0]);
        drop(future);
        assert_eq!(moved(&metrics), [1, 0, 0, 1]);
    }
}

#[test]
fn the_number_of_items_is_that_of_the_arguments() {
    #[count("ReturnedCalls", items = rows.len())]
    #[count_outcome(success = "ReturnedDone", interrupted = "ReturnedCut", items = rows.len())]
    fn upload<'a>(rows: &'a [u8]) -> Boxed<'a> {
        if rows.is_empty() {
            return Box::pin(ready(Ok(0)));
        }
        Box::pin(answer(rows.len()))
    }

    let metrics = capture();
    drop(upload(&[1, 2]));
    assert_eq!(moved(&metrics), [0, 0, 0, 0]);
    assert_eq!(block_on(upload(&[1, 2])), Ok(2));
    assert_eq!(moved(&metrics), [2, 2, 0, 0]);
    let mut cut = upload(&[1, 2, 3]);
    assert!(poll_once(cut.as_mut()).is_pending());
    drop(cut);
    assert_eq!(moved(&metrics), [5, 2, 0, 3]);
}

#[test]
fn a_call_that_yields_a_future_is_timed_to_its_own_end() {
    #[count("FutureYielded", latency = "FutureYieldedTime")]
    async fn made() -> Boxed<'static> {
        yield_once().await;
        Box::pin(answer(7))
    }

    let metrics = capture();
    let yielded = block_on(made());
    let times = metrics
        .data()
        .into_iter()
        .filter(|datum| datum.metric.as_str() == "FutureYieldedTime");
    assert_eq!(times.count(), 1);
    assert_eq!(metrics.count("FutureYielded"), 1);
    assert_eq!(block_on(yielded), Ok(7));
    assert_eq!(metrics.count("FutureYielded"), 1);
}

#[test]
fn a_future_that_is_made_elsewhere_is_timed_from_its_first_poll_to_its_end() {
    #[count("MadeCalls", latency = "MadeTime", in_flight = "MadeOpen")]
    fn opaque() -> impl Future<Output = Result<usize, ()>> {
        answer(7)
    }

    #[count("MadeCalls", latency = "MadeTime", in_flight = "MadeOpen")]
    fn boxed() -> Boxed<'static> {
        Box::pin(answer(7))
    }

    let futures: [Boxed<'_>; 2] = [Box::pin(opaque()), boxed()];
    for mut future in futures {
        let metrics = capture();
        let times = || {
            let details = metrics.data().into_iter();
            let times = details.filter(|datum| datum.metric.as_str() == "MadeTime");
            times.count()
        };
        assert_eq!(metrics.count("MadeCalls"), 0);
        assert!(poll_once(future.as_mut()).is_pending());
        assert_eq!((metrics.count("MadeCalls"), times()), (1, 0));
        assert!(poll_once(future.as_mut()).is_ready());
        assert_eq!(times(), 1);
    }
}
