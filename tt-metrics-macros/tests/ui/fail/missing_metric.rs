//! An attribute names at least one metric.

use tt_metrics::{count, count_outcome};

#[count]
fn calls() {}

#[count_outcome]
fn outcome() -> Result<(), ()> {
    Ok(())
}

#[count_outcome(neutral = "Replayed")]
fn neutral() -> Result<(), ()> {
    Ok(())
}

fn main() {
    let _ = (calls(), outcome(), neutral());
}
