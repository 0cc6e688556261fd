//! A `const fn` is refused, and stays a `const fn` for its callers.

use tt_metrics::{count, count_outcome};

#[count("Calls")]
const fn calls() {}

#[count_outcome(success = "Done")]
pub const fn outcome() -> Result<(), ()> {
    Ok(())
}

const OUTCOME: Result<(), ()> = outcome();

fn main() {
    calls();
    let _ = OUTCOME;
}
