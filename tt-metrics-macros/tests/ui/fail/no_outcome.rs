//! A function that returns nothing has no outcome.

use tt_metrics::count_outcome;

#[count_outcome(success = "Done")]
fn nothing() {}

#[count_outcome(success = "Done")]
async fn nothing_later() {}

fn main() {
    nothing();
    drop(nothing_later());
}
