//! The metrics of `latency` and `in_flight` have names of their own, and are about calls.

use tt_metrics::count_outcome;

#[count_outcome(success = "Done", latency = "Done", in_flight = "")]
fn same() -> Option<()> {
    Some(())
}

#[count_outcome(success = "Done", latency = 3)]
fn number() -> Option<()> {
    Some(())
}

#[count_outcome(success = "Done", each, latency = "Time")]
fn each() -> Vec<Option<()>> {
    Vec::new()
}

#[count_outcome(success = "Done", latncy = "Time")]
fn typo() -> Option<()> {
    Some(())
}

fn main() {
    let _ = (same(), number(), each(), typo());
}
