//! Items at the start of a body are still at its start, and one expression is no block in a block.
#![deny(warnings, clippy::pedantic)]
#![allow(clippy::unused_async)]

use tt_metrics::{Outcome, count, count_outcome};

#[count("C")]
#[count_outcome(success = "S")]
fn sync(text: &str) -> Result<u8, String> {
    const MORE: u8 = 1;

    text.parse().map(|n: u8| n + MORE).map_err(|_| text.to_owned())
}

#[count_outcome(success = "S")]
#[count("C")]
async fn later(text: &str) -> Result<u8, String> {
    const MORE: u8 = 1;

    std::future::ready(()).await;
    text.parse().map(|n: u8| n + MORE).map_err(|_| text.to_owned())
}

#[count("C")]
#[count_outcome(success = "S")]
fn one_expression(_: u8) -> Result<u8, String> {
    Ok(1)
}

#[count_outcome(success = "S")]
#[count("C")]
async fn one_expression_later(_: u8) -> Result<u8, String> {
    Ok(1)
}

#[count_outcome(success = "S", by = done)]
#[count("C")]
async fn unit_later(mut list: Vec<u8>) {
    list.clear();
}

#[count("C")]
#[count_outcome(success = "S", by = done)]
fn unit(list: &mut Vec<u8>) {
    list.clear();
}

#[expect(clippy::trivially_copy_pass_by_ref)]
fn done(_: &()) -> Outcome {
    Outcome::Success
}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_eq!(one_expression(1), Ok(1));
    let _ = ::futures_util::FutureExt::now_or_never(one_expression_later(1));
    unit(&mut Vec::new());
    let _ = ::futures_util::FutureExt::now_or_never(unit_later(Vec::new()));

    assert_eq!(sync("1"), Ok(2));
    let _ = ::futures_util::FutureExt::now_or_never(later("1"));
    assert_eq!(["C", "S"].map(|metric| metrics.count(metric)), [6, 6]);
}
