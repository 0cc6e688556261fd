//! `count` has arguments of its own.

use tt_metrics::count;

#[count("Calls", crat = tt_metrics)]
fn misspelled() {}

#[count("Calls", dimension(kind), colours::RED)]
fn other_signs(kind: bool) {
    let _ = kind;
}

#[count(success = "Calls")]
fn of_the_other_attribute() {}

fn main() {
    misspelled();
    other_signs(true);
    of_the_other_attribute();
}
