//! A call that is about N items counts N, however it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tt_metrics::{Capture, Outcome, capture, count, count_outcome, outcome};

use crate::{block_on, poll_once, yield_once};

/// What a service answers to a batch: one entry a record, or an error for all of them.
struct Reply {
    entries: Vec<Entry>,
}

struct Entry {
    error_code: Option<&'static str>,
}

impl Entry {
    fn outcome(&self) -> Outcome {
        match self.error_code {
            None => Outcome::Success,
            Some("Duplicate") => Outcome::Neutral,
            Some(_) => Outcome::Failure,
        }
    }
}

#[count_outcome(
    success = "BatchDone",
    failure = "BatchFailed",
    neutral = "BatchReplayed",
    interrupted = "BatchCut",
    items = codes.len(),
    each = |reply| reply.iter().flat_map(|reply| &reply.entries),
    by = Entry::outcome,
)]
async fn put(codes: Vec<Option<&'static str>>) -> Result<Reply, &'static str> {
    yield_once().await;
    assert!(!codes.contains(&Some("panic")));
    if codes.contains(&Some("error")) {
        return Err("no connection");
    }
    yield_once().await;
    let entries = codes.into_iter().filter(|code| *code != Some("forgotten"));
    let entries = entries.map(|error_code| Entry { error_code });
    Ok(Reply {
        entries: entries.collect(),
    })
}

/// A response that lists the failed ones only.
struct Response {
    failed: Vec<u8>,
}

#[count_outcome(
    success = "BatchDone",
    failure = "BatchFailed",
    interrupted = "BatchCut",
    items = batch.len(),
    each = |response| response.iter().flat_map(|response| &response.failed),
    by = |_| Outcome::Failure,
)]
fn handle(batch: &[u8]) -> Result<Response, ()> {
    assert!(!batch.contains(&9));
    if batch.contains(&8) {
        return Err(());
    }
    let failed = batch.iter().copied().filter(|id| *id == 7).collect();
    Ok(Response { failed })
}

/// Successes, failures, neutrals, interruptions.
fn moved(metrics: &Capture) -> [u64; 4] {
    ["BatchDone", "BatchFailed", "BatchReplayed", "BatchCut"].map(|metric| metrics.count(metric))
}

#[test]
fn each_entry_of_a_reply_is_counted() {
    let metrics = capture();
    let reply = block_on(put(vec![None, Some("Throttled"), None, Some("Duplicate")]));
    assert!(reply.is_ok());
    assert_eq!(moved(&metrics), [2, 1, 1, 0]);
}

#[test]
fn an_error_is_the_failure_of_every_item() {
    let metrics = capture();
    assert!(block_on(put(vec![None, None, Some("error")])).is_err());
    assert_eq!(moved(&metrics), [0, 3, 0, 0]);
    assert!(handle(&[1, 8]).is_err());
    assert_eq!(moved(&metrics), [0, 5, 0, 0]);
}

#[test]
fn items_that_a_reply_leaves_over_end_as_the_call_does() {
    let metrics = capture();
    assert!(block_on(put(vec![None, Some("forgotten")])).is_ok());
    assert_eq!(moved(&metrics), [2, 0, 0, 0]);
    assert!(handle(&[1, 7, 2, 7, 3]).is_ok());
    assert_eq!(moved(&metrics), [5, 2, 0, 0]);
    assert!(handle(&[]).is_ok());
    assert_eq!(moved(&metrics), [5, 2, 0, 0]);
}

#[test]
fn a_panic_is_the_failure_of_every_item() {
    let metrics = capture();
    assert!(catch_unwind(|| handle(&[1, 2, 9])).is_err());
    assert_eq!(moved(&metrics), [0, 3, 0, 0]);
    let mut future = Box::pin(put(vec![None, Some("panic")]));
    assert!(poll_once(future.as_mut()).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| poll_once(future.as_mut()))).is_err());
    drop(future);
    assert_eq!(moved(&metrics), [0, 5, 0, 0]);
}

#[test]
fn a_future_dropped_half_way_is_the_interruption_of_every_item() {
    let metrics = capture();
    for polls in [0, 1, 2] {
        let mut future = Box::pin(put(vec![None, None, None]));
        for _ in 0..polls {
            assert!(poll_once(future.as_mut()).is_pending());
        }
        drop(future);
        assert_eq!(moved(&metrics), [0, 0, 0, 3 * polls]);
    }
}

#[test]
fn futures_that_take_turns_keep_their_numbers_apart() {
    let metrics = capture();
    let mut small = Box::pin(put(vec![None]));
    let mut large = Box::pin(put(vec![None; 10]));
    assert!(poll_once(small.as_mut()).is_pending());
    assert!(poll_once(large.as_mut()).is_pending());
    assert!(poll_once(small.as_mut()).is_pending());
    drop(small);
    assert_eq!(moved(&metrics), [0, 0, 0, 1]);
    drop(large);
    assert_eq!(moved(&metrics), [0, 0, 0, 11]);
}

#[test]
fn a_call_in_another_keeps_its_number_apart() {
    #[count_outcome(success = "BatchOuter", failure = "BatchOuterFailed", items = outer.len())]
    fn outer(outer: &[u8], inner: &[u8]) -> Option<()> {
        let handled = catch_unwind(|| handle(inner));
        if handled.is_err() {
            return None;
        }
        assert_ne!(outer.len(), 4);
        Some(())
    }

    let metrics = capture();
    let outcomes = || {
        [
            metrics.count("BatchOuter"),
            metrics.count("BatchOuterFailed"),
        ]
    };
    assert_eq!(outer(&[1, 2, 3], &[1]), Some(()));
    assert_eq!(outcomes(), [3, 0]);
    assert_eq!(outer(&[1, 2, 3], &[9, 9]), None);
    assert_eq!(outcomes(), [3, 3]);
    assert!(catch_unwind(|| outer(&[1, 2, 3, 4], &[1])).is_err());
    assert_eq!(outcomes(), [3, 7]);
    assert_eq!(moved(&metrics), [2, 2, 0, 0]);
}

#[test]
fn without_each_the_items_end_as_the_call_does() {
    #[count_outcome(success = "BatchDone", failure = "BatchFailed", items = rows)]
    fn upload(rows: u64) -> bool {
        rows < 10
    }

    #[count_outcome(success = "BatchDone", neutral = "BatchReplayed", items = rows, by = |known| if *known { Outcome::Neutral } else { Outcome::Success })]
    async fn upload_later(rows: u64) -> bool {
        rows > 4
    }

    let metrics = capture();
    assert!(upload(3));
    assert!(!upload(10));
    assert_eq!(moved(&metrics), [3, 10, 0, 0]);
    block_on(upload_later(4));
    block_on(upload_later(5));
    assert_eq!(moved(&metrics), [7, 10, 5, 0]);
}

#[test]
fn rest_says_how_left_over_items_ended() {
    #[count_outcome(success = "BatchDone", failure = "BatchFailed", items = batch.len(), each = |response| &response.failed, by = |_| Outcome::Failure, rest = success)]
    fn bare(batch: &[u8]) -> Response {
        Response {
            failed: batch.iter().copied().filter(|id| *id == 7).collect(),
        }
    }

    #[count_outcome(success = "BatchDone", failure = "BatchFailed", neutral = "BatchReplayed", items = 3_u8, each, rest = neutral)]
    fn some() -> Vec<bool> {
        vec![true, false]
    }

    let metrics = capture();
    bare(&[7, 1, 2]);
    assert_eq!(moved(&metrics), [2, 1, 0, 0]);
    some();
    assert_eq!(moved(&metrics), [3, 2, 1, 0]);
}

#[test]
fn a_reply_with_more_items_than_were_sent_counts_all_of_them() {
    #[count_outcome(success = "BatchDone", failure = "BatchFailed", items = 1_u8, each, rest = failure)]
    fn more() -> Vec<bool> {
        vec![true; 3]
    }

    let metrics = capture();
    more();
    assert_eq!(moved(&metrics), [3, 0, 0, 0]);
}

#[test]
fn blocks_and_closures_are_about_items_too() {
    let metrics = capture();
    let batch = vec![true, false, true];
    let all = outcome!(success = "BatchDone", failure = "BatchFailed", items = batch.len(); batch.first().copied());
    assert_eq!(all, Some(true));
    assert_eq!(moved(&metrics), [3, 0, 0, 0]);
    let put = outcome!(success = "BatchDone", failure = "BatchFailed", items = batch.len(); |batch: Vec<bool>| batch.get(1).copied());
    assert_eq!(put(batch), Some(false));
    assert_eq!(moved(&metrics), [6, 0, 0, 0]);
    assert_eq!(put(vec![true]), None);
    assert_eq!(moved(&metrics), [6, 1, 0, 0]);
}

#[test]
fn items_of_the_return_value_are_counted_when_it_returns() {
    #[count("BatchRows", items = |rows| rows.as_ref().map_or(0, Vec::len))]
    fn read(rows: u8) -> Result<Vec<u8>, u8> {
        assert_ne!(rows, 9);
        if rows == 8 {
            Err(rows)
        } else {
            Ok((0..rows).collect())
        }
    }

    #[count("BatchRows", items = |rows| rows.len())]
    #[count_outcome(success = "BatchDone", by = |_| Outcome::Success)]
    async fn read_later(rows: u8) -> Vec<u8> {
        yield_once().await;
        (0..rows).collect()
    }

    let metrics = capture();
    assert_eq!(read(3).unwrap().len(), 3);
    assert_eq!(metrics.count("BatchRows"), 3);
    assert!(read(8).is_err());
    assert!(catch_unwind(|| read(9)).is_err());
    assert_eq!(metrics.count("BatchRows"), 3);
    let mut future = Box::pin(read_later(4));
    assert!(poll_once(future.as_mut()).is_pending());
    assert_eq!(metrics.count("BatchRows"), 3);
    assert!(poll_once(future.as_mut()).is_ready());
    assert_eq!(metrics.count("BatchRows"), 7);
    assert_eq!(metrics.count("BatchDone"), 1);
}
