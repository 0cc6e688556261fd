//! A block counts as a function does.

use std::{num::ParseIntError, panic::catch_unwind};

use tt_metrics::{__private::SITES, Capture, Outcome, capture};
use tt_metrics_macros::outcome;

use crate::{block_on, poll_once, yield_once};

fn parse(texts: &mut Vec<&str>) -> Result<u8, ParseIntError> {
    let before = texts.len();
    let parsed = outcome! {
        success = "BlocksDone", failure = "BlocksFailed", interrupted = "BlocksCut";
        let text = texts.pop().unwrap_or_default();
        assert!(!text.is_empty());
        if text == "early" {
            return Ok(1);
        }
        let value = text.parse()?;
        Ok(value)
    };
    assert_eq!(texts.len(), before - 1);
    parsed
}

async fn parse_later(text: &str) -> Result<u8, ParseIntError> {
    let later = outcome!(success = "BlocksDone", failure = "BlocksFailed", interrupted = "BlocksCut"; async {
        yield_once().await;
        assert_ne!(text, "panic");
        let value = text.parse()?;
        Ok(value)
    });
    later.await
}

/// Successes, failures, interruptions.
fn moved(metrics: &Capture) -> [u64; 3] {
    ["BlocksDone", "BlocksFailed", "BlocksCut"].map(|metric| metrics.count(metric))
}

#[test]
fn a_block_is_counted_by_its_value() {
    let metrics = capture();
    assert_eq!(parse(&mut vec!["7"]), Ok(7));
    assert_eq!(moved(&metrics), [1, 0, 0]);
    assert_eq!(parse(&mut vec!["early"]), Ok(1));
    assert_eq!(moved(&metrics), [2, 0, 0]);
    assert!(parse(&mut vec!["x"]).is_err());
    assert_eq!(moved(&metrics), [2, 1, 0]);
    assert!(catch_unwind(|| parse(&mut vec![""])).is_err());
    assert_eq!(moved(&metrics), [2, 2, 0]);
}

#[test]
fn an_async_block_is_counted_when_it_ends() {
    let metrics = capture();
    assert_eq!(block_on(parse_later("7")), Ok(7));
    assert_eq!(moved(&metrics), [1, 0, 0]);
    assert!(block_on(parse_later("x")).is_err());
    assert_eq!(moved(&metrics), [1, 1, 0]);
    assert!(catch_unwind(|| block_on(parse_later("panic"))).is_err());
    assert_eq!(moved(&metrics), [1, 2, 0]);
    let mut future = Box::pin(parse_later("7"));
    assert!(poll_once(future.as_mut()).is_pending());
    drop(future);
    assert_eq!(moved(&metrics), [1, 2, 1]);
}

#[test]
fn an_async_block_that_nobody_polls_is_no_call() {
    let metrics = capture();
    let owned = String::from("7");
    drop(
        outcome!(success = "BlocksDone", interrupted = "BlocksCut"; async move { owned.parse::<u8>() }),
    );
    assert_eq!(moved(&metrics), [0, 0, 0]);
}

#[test]
fn a_block_takes_every_argument_of_the_attribute() {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "a classifier takes a reference to the item"
    )]
    fn even(value: &u64) -> Outcome {
        if value.is_multiple_of(2) {
            Outcome::Success
        } else {
            Outcome::Failure
        }
    }

    let metrics = capture();
    let list = outcome!(success = "BlocksDone", failure = "BlocksFailed", each, by = even, crate = tt_metrics; [1_u64, 2, 4]);
    assert_eq!(list.len(), 3);
    assert_eq!(moved(&metrics), [2, 1, 0]);
}

#[test]
fn a_block_is_declared_with_its_line() {
    const LINE: u32 = line!() + 1;
    let _ = outcome!(success = "BlocksHere"; true);
    let here = |name: tt_metrics::MetricName| name.as_str() == "BlocksHere";
    let mut sites = SITES.iter().map(|site| &site.declaration);
    let site = sites.find(|site| site.success.is_some_and(here)).unwrap();
    assert!(site.function.ends_with("::blocks::outcome!"));
    assert_eq!(site.line, LINE);
}

#[test]
fn an_async_block_behind_statements_is_counted() {
    let metrics = capture();
    let sent = |id: u8| {
        let made = outcome! {
            success = "BlocksDone", failure = "BlocksFailed", interrupted = "BlocksCut";
            let before = id.checked_sub(1);
            async move {
                yield_once().await;
                before
            }
        };
        (id, made)
    };
    let (id, failed) = sent(0);
    assert_eq!((id, block_on(failed)), (0, None));
    assert_eq!(moved(&metrics), [0, 1, 0]);
    assert_eq!(block_on(sent(2).1), Some(1));
    assert_eq!(moved(&metrics), [1, 1, 0]);
    let mut cut = Box::pin(sent(2).1);
    assert!(poll_once(cut.as_mut()).is_pending());
    drop(cut);
    assert_eq!(moved(&metrics), [1, 1, 1]);
}
