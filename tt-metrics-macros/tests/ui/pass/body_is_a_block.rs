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
    assert_eq!(one_expression(1), Ok(1));
    drop(one_expression_later(1));
    unit(&mut Vec::new());
    drop(unit_later(Vec::new()));

    assert_eq!(sync("1"), Ok(2));
    drop(later("1"));
}
