//! A missing comma is pointed at.

use tt_metrics::count_outcome;

#[count_outcome(success = "Done" failure = "Failed")]
fn outcome() -> Result<(), ()> {
    Ok(())
}

fn main() {
    let _ = outcome();
}
