//! One call is one outcome, whichever way it ends.

use std::{num::ParseIntError, ops::ControlFlow, panic::catch_unwind};

use tt_metrics::{Capture, MetricName, Outcome, capture, count, count_outcome};

use crate::{block_on, yield_once};

const REFUSED: MetricName = MetricName::new("OutcomesRefused");

#[count("OutcomesCalls")]
#[count_outcome(success = "OutcomesDone", failure = REFUSED, interrupted = "OutcomesCut")]
fn parse(text: &str) -> Result<u8, ParseIntError> {
    assert_ne!(text, "panic");
    if text == "early" {
        return Ok(1);
    }
    let value = text.parse()?;
    Ok(value)
}

#[count_outcome(success = "OutcomesDone", failure = REFUSED, interrupted = "OutcomesCut")]
#[count("OutcomesCalls")]
async fn parse_later(text: &str) -> Result<u8, ParseIntError> {
    yield_once().await;
    assert_ne!(text, "panic");
    if text == "early" {
        return Ok(1);
    }
    let value = text.parse()?;
    yield_once().await;
    Ok(value)
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "a classifier takes a reference to the return value"
)]
fn replayed(created: &Option<u8>) -> Outcome {
    match created {
        Some(0) => Outcome::Failure,
        Some(_) => Outcome::Success,
        None => Outcome::Neutral,
    }
}

#[count_outcome(success = "OutcomesDone", failure = REFUSED, neutral = "OutcomesReplayed", by = replayed)]
fn create(id: u8) -> Option<u8> {
    id.checked_sub(1)
}

#[count_outcome(success = "OutcomesDone", failure = REFUSED, neutral = "OutcomesReplayed", by = replayed)]
async fn create_later(id: u8) -> Option<u8> {
    yield_once().await;
    id.checked_sub(1)
}

/// Calls, successes, failures, neutrals, interruptions.
fn moved(metrics: &Capture) -> [u64; 5] {
    [
        "OutcomesCalls",
        "OutcomesDone",
        REFUSED.as_str(),
        "OutcomesReplayed",
        "OutcomesCut",
    ]
    .map(|metric| metrics.count(metric))
}

#[test]
fn a_value_is_a_success() {
    let metrics = capture();
    assert_eq!(parse("7"), Ok(7));
    assert_eq!(moved(&metrics), [1, 1, 0, 0, 0]);
    assert_eq!(block_on(parse_later("7")), Ok(7));
    assert_eq!(moved(&metrics), [2, 2, 0, 0, 0]);
}

#[test]
fn an_early_return_is_counted() {
    let metrics = capture();
    assert_eq!(parse("early"), Ok(1));
    assert_eq!(block_on(parse_later("early")), Ok(1));
    assert_eq!(moved(&metrics), [2, 2, 0, 0, 0]);
}

#[test]
fn a_question_mark_is_a_failure() {
    let metrics = capture();
    assert!(parse("x").is_err());
    assert!(block_on(parse_later("x")).is_err());
    assert_eq!(moved(&metrics), [2, 0, 2, 0, 0]);
}

#[test]
fn a_panic_is_a_failure() {
    let metrics = capture();
    assert!(catch_unwind(|| parse("panic")).is_err());
    assert_eq!(moved(&metrics), [1, 0, 1, 0, 0]);
    assert!(catch_unwind(|| block_on(parse_later("panic"))).is_err());
    assert_eq!(moved(&metrics), [2, 0, 2, 0, 0]);
}

#[test]
fn a_classifier_decides_for_any_return_type() {
    let metrics = capture();
    for id in [0, 1, 2] {
        let _ = create(id);
        let _ = block_on(create_later(id));
    }
    assert_eq!(moved(&metrics), [0, 2, 2, 2, 0]);
}

/// The outcomes of the same value, returned by a sync and by an async function.
macro_rules! returned {
    ($ty:ty, $value:expr) => {{
        #[count_outcome(success = "OutcomesDone", failure = REFUSED, neutral = "OutcomesReplayed")]
        fn sync() -> $ty {
            $value
        }
        #[count_outcome(success = "OutcomesDone", failure = REFUSED, neutral = "OutcomesReplayed")]
        async fn later() -> $ty {
            $value
        }
        let metrics = capture();
        let _ = (sync(), block_on(later()));
        let [_, success, failure, neutral, _] = moved(&metrics);
        [success, failure, neutral]
    }};
}

#[test]
fn none_is_a_failure() {
    assert_eq!(returned!(Option<u8>, Some(1)), [2, 0, 0]);
    assert_eq!(returned!(Option<u8>, None), [0, 2, 0]);
}

#[test]
fn false_is_a_failure() {
    assert_eq!(returned!(bool, true), [2, 0, 0]);
    assert_eq!(returned!(bool, false), [0, 2, 0]);
}

#[test]
fn a_break_is_a_failure() {
    assert_eq!(
        returned!(ControlFlow<u8, u8>, ControlFlow::Continue(1)),
        [2, 0, 0]
    );
    assert_eq!(
        returned!(ControlFlow<u8, u8>, ControlFlow::Break(1)),
        [0, 2, 0]
    );
}

#[test]
fn an_outcome_is_itself() {
    assert_eq!(returned!(Outcome, Outcome::Success), [2, 0, 0]);
    assert_eq!(returned!(Outcome, Outcome::Failure), [0, 2, 0]);
    assert_eq!(returned!(Outcome, Outcome::Neutral), [0, 0, 2]);
}

#[test]
fn a_reference_is_what_it_refers_to() {
    assert_eq!(returned!(&'static Result<u8, u8>, &Ok(1)), [2, 0, 0]);
    assert_eq!(returned!(&'static Result<u8, u8>, &Err(1)), [0, 2, 0]);
}

#[test]
fn each_attribute_on_a_function_counts_once() {
    #[count("TwiceA")]
    #[count_outcome(success = "TwiceB")]
    #[count("TwiceC")]
    #[count_outcome(success = "TwiceD")]
    async fn twice() -> Result<(), ()> {
        yield_once().await;
        Ok(())
    }

    let metrics = capture();
    assert_eq!(block_on(twice()), Ok(()));
    for metric in ["TwiceA", "TwiceB", "TwiceC", "TwiceD"] {
        assert_eq!(metrics.count(metric), 1, "{metric}");
    }
}

#[test]
fn generic_instances_and_recursion_count_into_one_metric() {
    #[count_outcome(success = "GenericDone", failure = "GenericFailed")]
    fn generic<T: Copy>(value: T, depth: u8) -> Result<T, T> {
        if depth == 0 {
            Err(value)
        } else {
            generic(value, depth - 1).or(Ok(value))
        }
    }

    let metrics = capture();
    assert_eq!(generic("a", 1), Ok("a"));
    assert_eq!(generic(1, 2), Ok(1));
    assert_eq!(metrics.count("GenericDone"), 3);
    assert_eq!(metrics.count("GenericFailed"), 2);
}
