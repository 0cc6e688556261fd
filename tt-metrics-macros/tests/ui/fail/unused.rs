//! A counted function that nobody calls and an argument that nobody reads are still reported.
#![deny(dead_code, unused_variables, unused_mut)]

use tt_metrics::{count, count_outcome};

#[count("Calls")]
fn counted() {}

#[count("Calls", items = list.len(), latency = "Time")]
async fn counted_later(list: Vec<u8>) {}

#[count_outcome(success = "Done")]
fn outcome() -> Option<()> {
    None
}

#[count("Calls")]
#[count_outcome(success = "Done")]
async fn outcome_later() -> Option<()> {
    None
}

struct Store;

#[count("Calls")]
#[count_outcome(success = "Done")]
impl Store {
    fn method(&self) -> Option<()> {
        None
    }
}

#[count_outcome(success = "Done", items = told)]
#[count_outcome(success = "Done", dimensions(Named: bool = named))]
#[count("Calls")]
fn argument(unread: u8, (read, part): (u8, u8), mut still: u8, told: u8, named: bool, _quiet: u8) -> Option<u8> {
    read.checked_add(still)
}

#[count_outcome(success = "Done")]
async fn argument_later(unread: u8, read: u8, #[allow(unused_variables)] allowed: u8) -> Option<String> {
    Some(format!("unread {read}"))
}

#[count_outcome(success = "Done")]
#[expect(unused_variables)]
fn expected(unread: u8) -> Option<u8> {
    None
}

#[count_outcome(success = "Done")]
#[allow(unused_variables)]
fn levels(
    #[deny(unused_variables)] denied: u8,
    #[warn(unused_variables)] warned: u8,
    #[forbid(unused_variables)] forbidden: u8,
    inherited: u8,
) -> Option<u8> {
    None
}

#[count_outcome(success = "Done")]
fn parts((read, unread): (u8, u8)) -> Option<u8> {
    Some(read)
}

#[count_outcome(success = "Done")]
#[inline(never)]
fn named_like_an_attribute(never: u8) -> Option<u8> {
    None
}

fn main() {
    let _ = Store;
    argument(1, (2, 3), 4, 5, true, 6);
    drop(argument_later(1, 2, 3));
    expected(1);
    levels(1, 2, 3, 4);
    parts((1, 2));
    named_like_an_attribute(1);
}
