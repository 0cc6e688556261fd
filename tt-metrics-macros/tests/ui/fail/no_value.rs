//! A value follows `=`, and the metric of `count` has no name before it.

use tt_metrics::{count, count_outcome};

#[count("Calls", latency: "Time", in_flight("Open"), unit("Bytes"), items(2), resolution: 1)]
fn of_count() {}

#[count_outcome(success => "Done", failure == "Failed", neutral { "Again" })]
fn other_signs() -> Option<u8> {
    None
}

#[count_outcome(success: "Done", failure("Failed"), by: classify, failure_by: Error, rest: success, each: |x| x, crate: x)]
fn of_outcome() -> Option<u8> {
    None
}

#[count(name = "Calls")]
fn name() {}

#[count(calls = "Calls")]
fn calls() {}

#[count(metric = "Calls", success)]
fn metric() {}

fn main() {
    of_count();
    let _ = other_signs();
    let _ = of_outcome();
    name();
    calls();
    metric();
}
