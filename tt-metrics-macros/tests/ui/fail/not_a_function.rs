//! Other items are refused by their kind, and stay.

use tt_metrics::{count, count_outcome};

#[count("Calls")]
struct Store;

#[count_outcome(success = "Done")]
enum Size {
    Small,
}

#[count("Calls")]
pub trait Shape {}

#[count("Calls")]
pub mod inner {}

#[count("Calls")]
pub const LIMIT: u8 = 1;

#[count("Calls")]
unsafe extern "C" {
    fn abs(number: i32) -> i32;
}

#[count("Calls")]
union Raw {
    byte: u8,
}

#[count("Calls")]
static SIZE: u8 = 1;

#[count("Calls")]
type Alias = u8;

#[count("Calls")]
use std::fmt;

#[count("Calls")]
extern crate core as other;

fn main() {
    let _ = (unsafe { abs(1) }, Raw { byte: 1 }, SIZE, Alias::MAX, fmt::Error);
    let _ = (Store, Size::Small, LIMIT);
}
