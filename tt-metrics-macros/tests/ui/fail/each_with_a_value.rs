//! `each` is a word alone, once, on a function that returns something.

use tt_metrics::{count, count_outcome};

#[count_outcome(success = "Done", each = true)]
fn value() -> Vec<Result<(), ()>> {
    Vec::new()
}

#[count_outcome(success = "Done", each, each)]
fn twice() -> Vec<Result<(), ()>> {
    Vec::new()
}

#[count_outcome(success = "Done", each)]
fn nothing() {}

#[count("Calls", each)]
fn of_the_other_attribute() {}

fn main() {
    let _ = (value(), twice(), nothing(), of_the_other_attribute());
}
