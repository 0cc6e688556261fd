//! `count` has arguments of its own.

use tt_metrics::count;

#[count("Calls", crat = tt_metrics)]
fn misspelled() {}

#[count(success = "Calls")]
fn of_the_other_attribute() {}

fn main() {
    misspelled();
    of_the_other_attribute();
}
