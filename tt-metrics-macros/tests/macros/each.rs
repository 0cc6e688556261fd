//! `each` counts the items of the return value, in place of the call.

use std::{
    collections::BTreeMap,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
};

use tt_metrics::{Capture, Outcome, capture, count, count_outcome};

use crate::{block_on, poll_once, yield_once};

type Batch = Vec<Result<u8, &'static str>>;

#[count_outcome(
    success = "EachDone",
    failure = "EachFailed",
    interrupted = "EachCut",
    each
)]
fn parse(texts: &[&'static str]) -> Batch {
    assert_ne!(texts, ["panic"]);
    texts
        .iter()
        .map(|text| text.parse().or(Err(*text)))
        .collect()
}

#[count("EachCalls")]
#[count_outcome(
    success = "EachDone",
    failure = "EachFailed",
    interrupted = "EachCut",
    each
)]
async fn parse_later(texts: &'static [&'static str]) -> Batch {
    yield_once().await;
    assert_ne!(texts, ["panic"]);
    texts
        .iter()
        .map(|text| text.parse().or(Err(*text)))
        .collect()
}

#[count_outcome(
    success = "EachDone",
    failure = "EachFailed",
    interrupted = "EachCut",
    each
)]
#[count_outcome(success = "EachInner", each)]
fn parse_boxed(texts: &'static [&'static str]) -> Pin<Box<dyn Future<Output = Batch>>> {
    Box::pin(async move {
        yield_once().await;
        texts
            .iter()
            .map(|text| text.parse().or(Err(*text)))
            .collect()
    })
}

/// Successes, failures, neutrals, interruptions.
fn moved(metrics: &Capture) -> [u64; 4] {
    ["EachDone", "EachFailed", "EachReplayed", "EachCut"].map(|metric| metrics.count(metric))
}

#[test]
fn each_item_is_counted() {
    let metrics = capture();
    assert_eq!(parse(&["1", "x", "2"]), [Ok(1), Err("x"), Ok(2)]);
    assert_eq!(moved(&metrics), [2, 1, 0, 0]);
    block_on(parse_later(&["1", "x", "2"]));
    assert_eq!(moved(&metrics), [4, 2, 0, 0]);
    assert_eq!(metrics.count("EachCalls"), 1);
    block_on(parse_boxed(&["1", "x", "2"]));
    assert_eq!(moved(&metrics), [6, 3, 0, 0]);
    assert_eq!(metrics.count("EachInner"), 2);
}

#[test]
fn an_empty_collection_counts_nothing() {
    let metrics = capture();
    parse(&[]);
    block_on(parse_later(&[]));
    assert_eq!(moved(&metrics), [0, 0, 0, 0]);
}

#[test]
fn a_panic_is_one_failure() {
    let metrics = capture();
    assert!(catch_unwind(|| parse(&["panic"])).is_err());
    assert_eq!(moved(&metrics), [0, 1, 0, 0]);
    let mut future = Box::pin(parse_later(&["panic"]));
    assert!(poll_once(future.as_mut()).is_pending());
    for _ in 0..2 {
        let polled = catch_unwind(AssertUnwindSafe(|| poll_once(future.as_mut())));
        assert!(polled.is_err());
        assert_eq!(moved(&metrics), [0, 2, 0, 0]);
    }
    drop(future);
    assert_eq!(moved(&metrics), [0, 2, 0, 0]);
}

#[test]
fn a_future_dropped_half_way_is_one_interruption() {
    let metrics = capture();
    let mut future = Box::pin(parse_later(&["1", "2"]));
    assert!(poll_once(future.as_mut()).is_pending());
    drop(future);
    assert_eq!(moved(&metrics), [0, 0, 0, 1]);
    drop(parse_later(&["1", "2"]));
    drop(parse_boxed(&["1", "2"]));
    assert_eq!(moved(&metrics), [0, 0, 0, 1]);
}

#[test]
fn a_future_polled_after_its_end_counts_nothing_more() {
    let metrics = capture();
    let mut future = Box::pin(parse_later(&["1"]));
    assert!(poll_once(future.as_mut()).is_pending());
    assert!(poll_once(future.as_mut()).is_ready());
    let polled = catch_unwind(AssertUnwindSafe(|| poll_once(future.as_mut())));
    assert!(polled.is_err());
    drop(future);
    assert_eq!(moved(&metrics), [1, 0, 0, 0]);
}

#[test]
fn a_classifier_is_given_one_item() {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "a classifier takes a reference to the item"
    )]
    fn replayed(id: &u8) -> Outcome {
        match id {
            0 => Outcome::Failure,
            1 => Outcome::Neutral,
            2 => Outcome::Interrupted,
            _ => Outcome::Success,
        }
    }

    fn named((name, id): (&&str, &u8)) -> Outcome {
        assert!(!name.is_empty());
        replayed(id)
    }

    #[count_outcome(success = "EachDone", failure = "EachFailed", neutral = "EachReplayed", interrupted = "EachCut", each, by = replayed)]
    fn create(ids: [u8; 5]) -> [u8; 5] {
        ids
    }

    #[count_outcome(success = "EachDone", failure = "EachFailed", neutral = "EachReplayed", by = named, each)]
    async fn create_later(name: &str) -> BTreeMap<&str, u8> {
        yield_once().await;
        BTreeMap::from([(name, 3)])
    }

    let metrics = capture();
    create([0, 1, 2, 3, 4]);
    assert_eq!(moved(&metrics), [2, 1, 1, 1]);
    block_on(create_later("name"));
    assert_eq!(moved(&metrics), [3, 1, 1, 1]);
}

#[test]
fn a_classifier_that_panics_is_one_failure_and_no_item() {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "a classifier takes a reference to the item"
    )]
    fn refuse(id: &u8) -> Outcome {
        assert_ne!(*id, 0);
        Outcome::Success
    }

    #[count_outcome(success = "EachDone", failure = "EachFailed", each, by = refuse)]
    fn sync() -> [u8; 2] {
        [1, 0]
    }

    #[count_outcome(success = "EachDone", failure = "EachFailed", each, by = refuse)]
    async fn later() -> [u8; 2] {
        [1, 0]
    }

    let metrics = capture();
    assert!(catch_unwind(sync).is_err());
    assert_eq!(moved(&metrics), [0, 1, 0, 0]);
    assert!(catch_unwind(|| block_on(later())).is_err());
    assert_eq!(moved(&metrics), [0, 2, 0, 0]);
}
