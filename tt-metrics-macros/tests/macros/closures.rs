//! Each call of a counted closure counts as a call of a function does.

use std::{
    num::ParseIntError,
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures_util::{StreamExt, stream};
use tt_metrics::{Capture, capture, outcome};

use crate::{
    block_on,
    loud::{DROPPED, Loud},
    poll_once, yield_once,
};

/// Successes, failures, interruptions.
fn moved(metrics: &Capture) -> [u64; 3] {
    ["ClosuresDone", "ClosuresFailed", "ClosuresCut"].map(|metric| metrics.count(metric))
}

#[test]
fn each_call_of_a_closure_is_counted() {
    let metrics = capture();
    let parse = outcome!(success = "ClosuresDone", failure = "ClosuresFailed"; |text: &str| -> Result<u8, ParseIntError> {
        assert_ne!(text, "panic");
        if text == "early" {
            return Ok(1);
        }
        let value = text.parse()?;
        Ok(value)
    });
    assert_eq!(moved(&metrics), [0, 0, 0]);
    for text in ["1", "early", "x", "2"] {
        let _ = parse(text);
    }
    assert_eq!(moved(&metrics), [3, 1, 0]);
    assert!(catch_unwind(|| parse("panic")).is_err());
    assert_eq!(moved(&metrics), [3, 2, 0]);
}

#[test]
fn futures_of_a_closure_are_counted_in_a_stream() {
    let metrics = capture();
    let send = outcome!(success = "ClosuresDone", failure = "ClosuresFailed", interrupted = "ClosuresCut"; |id: u8| async move {
        tokio::task::yield_now().await;
        if id == 3 { Err(id) } else { Ok(id) }
    });
    let answers: Vec<_> = block_on(stream::iter(1..=4).map(send).buffer_unordered(2).collect());
    assert_eq!(answers.len(), 4);
    assert_eq!(moved(&metrics), [3, 1, 0]);
}

#[test]
fn a_stream_dropped_half_way_interrupts_what_was_polled() {
    let metrics = capture();
    let send = outcome!(success = "ClosuresDone", failure = "ClosuresFailed", interrupted = "ClosuresCut"; |id: u8| async move {
        tokio::task::yield_now().await;
        Some(id)
    });
    let mut stream = Box::pin(stream::iter(1..=4).map(send).buffer_unordered(2));
    assert!(poll_once(Box::pin(stream.next()).as_mut()).is_pending());
    assert_eq!(moved(&metrics), [0, 0, 0]);
    drop(stream);
    assert_eq!(moved(&metrics), [0, 0, 2]);
}

#[test]
fn an_async_closure_is_counted_from_its_first_poll() {
    let metrics = capture();
    let send = outcome!(success = "ClosuresDone", failure = "ClosuresFailed", interrupted = "ClosuresCut"; async |id: u8| {
        yield_once().await;
        assert_ne!(id, 9);
        let id = if id == 3 { None? } else { id };
        Some(id)
    });
    drop(send(1));
    assert_eq!(moved(&metrics), [0, 0, 0]);
    assert_eq!(block_on(send(1)), Some(1));
    assert_eq!(block_on(send(3)), None);
    assert_eq!(moved(&metrics), [1, 1, 0]);
    let mut cut = Box::pin(send(1));
    assert!(poll_once(cut.as_mut()).is_pending());
    drop(cut);
    assert_eq!(moved(&metrics), [1, 1, 1]);
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(send(9)))).is_err());
    assert_eq!(moved(&metrics), [1, 2, 1]);
}

macro_rules! dropped {
    ($closure:expr) => {{
        let arguments = (Loud("left"), Loud("right"));
        let called = $closure(Loud("first"), arguments, Loud("unused"), Loud("last"));
        assert_eq!(called, None);
        DROPPED.take()
    }};
}

#[test]
fn parameters_drop_as_in_the_plain_closure() {
    let _metrics = capture();
    let plain = dropped!(
        |first: Loud, (left, _): (Loud, Loud), _: Loud, _last: Loud| {
            let _local = Loud("local");
            drop(left);
            first.0.strip_prefix("x")
        }
    );
    let same = dropped!(
        outcome!(success = "ClosuresDone"; |first: Loud, (left, _): (Loud, Loud), _: Loud, _last: Loud| {
            let _local = Loud("local");
            drop(left);
            first.0.strip_prefix("x")
        })
    );
    assert_eq!(plain.len(), 6);
    assert_eq!(same, plain);
}

#[test]
fn a_closure_with_the_type_of_a_boxed_future_is_counted_by_the_future() {
    type Boxed = std::pin::Pin<Box<dyn Future<Output = Option<u8>>>>;

    async fn made(id: u8) -> Option<u8> {
        yield_once().await;
        id.checked_sub(1)
    }

    let metrics = capture();
    let send = outcome!(success = "ClosuresDone", failure = "ClosuresFailed"; |id: u8| -> Boxed {
        if id == 0 {
            return Box::pin(async { None });
        }
        Box::pin(made(id))
    });
    let futures = [send(0), send(2)];
    assert_eq!(moved(&metrics), [0, 0, 0]);
    assert_eq!(futures.map(block_on), [None, Some(1)]);
    assert_eq!(moved(&metrics), [1, 1, 0]);
}
