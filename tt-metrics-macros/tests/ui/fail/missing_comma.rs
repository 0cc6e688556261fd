//! A missing comma is pointed at.

use tt_metrics::{MetricName, Outcome, count_outcome};

const DONE: MetricName = MetricName::new("Done");

fn classify(_: &u8) -> Outcome {
    Outcome::Success
}

#[count_outcome(success = "Done" failure = "Failed")]
fn outcome() -> Result<(), ()> {
    Ok(())
}

#[count_outcome(success = DONE failure = "Failed")]
fn constant() -> Option<u8> {
    Some(1)
}

#[count_outcome(success = "Done", by = classify failure = "Failed")]
fn classified() -> u8 {
    1
}

fn main() {
    let _ = (outcome(), constant(), classified(), classify(&1), DONE);
}
