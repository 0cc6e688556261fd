//! A unit needs a number of items; a call, and an item of `each`, is counted as 1.

use tt_metrics::{count, count_outcome, outcome};

#[count("Calls", unit = "Bytes")]
fn calls(_body: &[u8]) {}

#[count_outcome(success = "Done", unit = "Seconds")]
fn outcomes() -> Option<()> {
    Some(())
}

#[count_outcome(success = "Item", items = _body.len(), each, unit = "Bytes")]
fn items(_body: &[u8]) -> Vec<Option<()>> {
    Vec::new()
}

fn main() {
    calls(&[]);
    outcomes();
    items(&[]);
    outcome!(success = "Block", unit = "Percent"; Some(()));
}
