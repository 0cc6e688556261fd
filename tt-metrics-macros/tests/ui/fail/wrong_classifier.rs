//! A classifier of another type, or none, is pointed at.

use tt_metrics::{Outcome, count_outcome};

struct Receipt;
struct Refusal;

fn classify(_: &Refusal) -> Outcome {
    Outcome::Success
}

#[count_outcome(success = "Done", by = classify)]
fn sync() -> Receipt {
    Receipt
}

#[count_outcome(success = "Done", by = classify)]
async fn later() -> Receipt {
    Receipt
}

#[count_outcome(success = "Done", by = clasify)]
fn misspelled() -> Receipt {
    Receipt
}

fn is_good(_: &Receipt) -> bool {
    true
}

#[count_outcome(success = "Done", by = is_good)]
fn no_outcome() -> Receipt {
    Receipt
}

fn main() {
    let _ = (sync(), misspelled(), no_outcome());
    drop(later());
}
