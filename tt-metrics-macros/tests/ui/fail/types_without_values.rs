//! A type that has no list of values is one error, where it is named.

use tt_metrics::{Dimension, count, count_outcome, outcome};

enum Underived {
    A,
}

#[derive(Dimension)]
enum Derived {
    A,
}

#[count("Calls", dimensions(kind))]
fn by_parameter(kind: Underived) {
    drop(kind);
}

#[count_outcome(success = "Done", dimensions(Kind: Underived = kind), latency = "Time")]
async fn by_type(kind: &Underived) -> Option<&Underived> {
    Some(kind)
}

#[count_outcome(failure = "Failed", failure_by = Underived)]
fn by_error() -> Result<(), Underived> {
    Err(Underived::A)
}

#[count("Calls", dimensions(kind))]
fn optional(kind: Option<Derived>) {
    drop(kind);
}

#[count("Calls", dimensions(price, express))]
fn price(price: f64, express: bool) {
    let _ = (price, express);
}

#[count("Calls", dimensions(Kind: Unknown = kind))]
fn unknown(kind: Derived) {
    drop(kind);
}

fn main() {
    by_parameter(Underived::A);
    drop(by_type(&Underived::A));
    let _ = by_error();
    optional(Some(Derived::A));
    price(1.0, true);
    unknown(Derived::A);
    let kind = Underived::A;
    outcome!(success = "Done", dimensions(Kind: Underived = kind); true);
}
