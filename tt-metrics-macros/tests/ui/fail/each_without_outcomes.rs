//! `each` needs a collection, and items that have an outcome.

use tt_metrics::{Outcome, count_outcome};

struct Receipt;

#[count_outcome(success = "Done", each)]
fn items() -> Vec<Receipt> {
    Vec::new()
}

#[count_outcome(success = "Done", each)]
async fn one() -> Receipt {
    Receipt
}

fn classify(_: &u8) -> Outcome {
    Outcome::Success
}

#[count_outcome(success = "Done", each, by = classify)]
fn one_classified() -> Receipt {
    Receipt
}

#[count_outcome(success = "Done", each, by = classify)]
fn items_of_another_type() -> Vec<Receipt> {
    Vec::new()
}

fn main() {
    let _ = (items(), one(), one_classified(), items_of_another_type());
}
