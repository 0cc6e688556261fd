//! An argument has a value.

use tt_metrics::count_outcome;

#[count_outcome(success, failure = "Failed")]
fn name_only() -> Result<(), ()> {
    Ok(())
}

#[count_outcome(success = "Done", by =)]
fn equals_only() -> Result<(), ()> {
    Ok(())
}

fn main() {
    let _ = (name_only(), equals_only());
}
