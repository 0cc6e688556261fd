//! An argument is given once.

use tt_metrics::{count, count_outcome};

#[count_outcome(success = "Done", failure = "Failed", success = "DoneAgain")]
fn outcome() -> Result<(), ()> {
    Ok(())
}

#[count("Calls", "CallsAgain")]
fn calls() {}

fn main() {
    let _ = (outcome(), calls());
}
