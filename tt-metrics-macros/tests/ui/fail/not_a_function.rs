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

fn main() {
    let _ = (Store, Size::Small, LIMIT);
}
