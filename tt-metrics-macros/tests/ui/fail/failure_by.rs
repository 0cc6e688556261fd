//! `failure_by` names the error type of a counted failure.

use tt_metrics::{Dimension, count_outcome};

#[derive(Dimension)]
enum ShipError {
    NoStock,
}

struct Plain;

#[count_outcome(success = "Done", failure_by = ShipError)]
fn no_failure() -> Result<(), ShipError> {
    Err(ShipError::NoStock)
}

#[count_outcome(failure = "Failed", failure_by = ShipError)]
fn other_error() -> Result<(), Plain> {
    Err(Plain)
}

#[count_outcome(failure = "Failed", failure_by = Plain)]
fn no_dimension() -> Result<(), Plain> {
    Err(Plain)
}

#[count_outcome(failure = "Failed", failure_by = "ShipError")]
fn text() -> Result<(), ShipError> {
    Ok(())
}

fn main() {
    let _ = (no_failure().is_ok(), other_error().is_ok());
    let _ = (no_dimension().is_ok(), text().is_ok());
}
