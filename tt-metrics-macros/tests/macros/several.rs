//! Several attributes on one function: each counts what it would count alone.

use std::{
    future::{Future, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
};

use tt_metrics::{Capture, Outcome, capture, count, count_outcome, sink::Value};

use crate::{block_on, poll_once, yield_once};

type Answer = Result<usize, ()>;
type Boxed<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// A function of two batches in each form, both of them counted.
macro_rules! functions {
    ($($name:ident($one:ident, $other:ident) -> $output:ty $body:block)+) => {$(
        #[count_outcome(success = "OneDone", failure = "OneFailed", interrupted = "OneCut", items = $one.len())]
        #[count_outcome(success = "OtherDone", failure = "OtherFailed", interrupted = "OtherCut", items = $other.len())]
        #[count("AllCalls", items = $one.len() + $other.len())]
        #[count("AllReturned", items = |answer| answer.iter().sum::<usize>())]
        fn $name<'a>($one: &'a [u8], $other: &'a [u8]) -> $output $body
    )+};
}

async fn answer(one: &[u8], other: &[u8]) -> Answer {
    yield_once().await;
    assert!(!other.is_empty());
    let all = one.len() + other.len();
    if all > 5 { Err(()) } else { Ok(all) }
}

functions! {
    opaque(one, other) -> impl Future<Output = Answer> {
        async move { answer(one, other).await }
    }
    elsewhere(one, other) -> impl Future<Output = Answer> {
        answer(one, other)
    }
    boxed(one, other) -> Pin<Box<dyn Future<Output = Answer> + 'a>> {
        if one.is_empty() {
            return Box::pin(ready(Ok(0)));
        }
        Box::pin(answer(one, other))
    }
    sync(one, other) -> Answer {
        block_on(answer(one, other))
    }
}

#[count_outcome(success = "OneDone", failure = "OneFailed", interrupted = "OneCut", items = one.len())]
#[count("AllReturned", items = |answer| answer.iter().sum::<usize>())]
#[count_outcome(success = "OtherDone", failure = "OtherFailed", interrupted = "OtherCut", items = other.len())]
#[count("AllCalls", items = one.len() + other.len())]
async fn later(one: &[u8], other: &[u8]) -> Answer {
    answer(one, other).await
}

fn futures<'a>(one: &'a [u8], other: &'a [u8]) -> Vec<(&'static str, Boxed<'a>)> {
    vec![
        ("opaque", Box::pin(opaque(one, other))),
        ("elsewhere", Box::pin(elsewhere(one, other))),
        ("boxed", boxed(one, other)),
        ("later", Box::pin(later(one, other))),
        ("sync", Box::pin(async move { sync(one, other) })),
    ]
}

/// Successes, failures and interruptions of the one and of the other, begun and returned.
fn moved(metrics: &Capture) -> [u64; 8] {
    [
        "OneDone",
        "OneFailed",
        "OneCut",
        "OtherDone",
        "OtherFailed",
        "OtherCut",
        "AllCalls",
        "AllReturned",
    ]
    .map(|metric| metrics.count(metric))
}

#[test]
fn each_number_of_items_is_counted_by_its_own_attribute() {
    for (name, future) in futures(&[0; 3], &[0; 2]) {
        let metrics = capture();
        assert_eq!(block_on(future), Ok(5), "{name}");
        assert_eq!(moved(&metrics), [3, 0, 0, 2, 0, 0, 5, 5], "{name}");
    }
    for (name, future) in futures(&[0; 3], &[0; 4]) {
        let metrics = capture();
        assert_eq!(block_on(future), Err(()), "{name}");
        assert_eq!(moved(&metrics), [0, 3, 0, 0, 4, 0, 7, 0], "{name}");
    }
}

#[test]
fn each_number_of_items_is_interrupted_by_its_own_attribute() {
    for (name, mut future) in futures(&[0; 3], &[0; 2]) {
        if name == "sync" {
            continue;
        }
        let metrics = capture();
        assert!(poll_once(future.as_mut()).is_pending());
        drop(future);
        assert_eq!(moved(&metrics), [0, 0, 3, 0, 0, 2, 5, 0], "{name}");
    }
}

#[test]
fn each_number_of_items_fails_by_its_own_attribute_in_a_panic() {
    for (name, future) in futures(&[0; 3], &[]) {
        let metrics = capture();
        assert!(
            catch_unwind(AssertUnwindSafe(|| block_on(future))).is_err(),
            "{name}"
        );
        assert_eq!(moved(&metrics), [0, 3, 0, 0, 0, 0, 3, 0], "{name}");
    }
}

#[test]
fn items_of_the_call_and_of_its_value_are_counted_apart() {
    #[count_outcome(success = "OneDone", interrupted = "OneCut", items = one.len(), by = any)]
    #[count_outcome(success = "OtherDone", failure = "OtherFailed", each)]
    async fn each_last(one: &[u8]) -> Vec<Answer> {
        yield_once().await;
        one.iter()
            .map(|_| Err(()))
            .chain([Ok(1), Ok(2), Ok(3)])
            .collect()
    }

    #[count_outcome(success = "OtherDone", failure = "OtherFailed", each)]
    #[count_outcome(success = "OneDone", interrupted = "OneCut", items = one.len(), by = any)]
    async fn each_first(one: &[u8]) -> Vec<Answer> {
        yield_once().await;
        one.iter()
            .map(|_| Err(()))
            .chain([Ok(1), Ok(2), Ok(3)])
            .collect()
    }

    fn any<T>(_: T) -> Outcome {
        Outcome::Success
    }

    let metrics = capture();
    block_on(each_first(&[0; 2]));
    assert_eq!(moved(&metrics)[..5], [2, 0, 0, 3, 2]);
    block_on(each_last(&[0; 4]));
    assert_eq!(moved(&metrics)[..5], [6, 0, 0, 6, 6]);
}

#[test]
fn a_call_of_n_items_has_one_duration_and_is_in_flight_once() {
    #[count(
        "BulkRows",
        items = rows.len(),
        dimensions(Empty: bool = rows.is_empty()),
        latency = "BulkTime",
        in_flight = "BulkOpen",
    )]
    #[count_outcome(success = "BulkDone", items = rows.len())]
    async fn load(rows: &[u8]) -> Option<u8> {
        yield_once().await;
        rows.first().copied()
    }

    let metrics = capture();
    let value = |name: &str| {
        let details = metrics.data().into_iter();
        let mut found = details.filter(|datum| datum.metric.as_str() == name);
        found.next().map(|datum| datum.value)
    };
    let mut open = pin!(load(&[7; 5]));
    assert!(poll_once(open.as_mut()).is_pending());
    assert_eq!(value("BulkOpen"), Some(Value::Gauge(1.0)));
    assert!(poll_once(open).is_ready());
    assert_eq!(
        (metrics.count("BulkRows"), metrics.count("BulkDone")),
        (5, 5)
    );
    assert_eq!(metrics.count_under("BulkRows", &[("Empty", "false")]), 5);
    let Some(Value::Histogram(seen)) = value("BulkTime") else {
        panic!("no duration was kept");
    };
    assert_eq!(seen.iter().map(|(_, calls)| calls).sum::<u64>(), 1);
}
