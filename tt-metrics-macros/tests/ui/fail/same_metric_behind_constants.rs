//! A name has one meaning in an attribute, whether it is a literal or the value of a constant.

use tt_metrics::{MetricName, count, count_outcome, outcome};

const DONE: MetricName = MetricName::new("Done");
const ALSO_DONE: MetricName = MetricName::new("Done");
const FAILED: MetricName = MetricName::new("Failed");

#[count_outcome(success = DONE, failure = "Done")]
fn constant_and_literal() -> Option<()> {
    Some(())
}

#[count_outcome(success = "Done", failure = FAILED, neutral = crate::DONE)]
fn literal_and_constant() -> Option<()> {
    Some(())
}

#[count_outcome(success = DONE, failure = ALSO_DONE, interrupted = FAILED, latency = "Failed")]
fn two_constants() -> Option<()> {
    Some(())
}

#[count(DONE, in_flight = ALSO_DONE)]
fn calls() {}

fn main() {
    let _ = (constant_and_literal(), literal_and_constant(), two_constants());
    calls();
    let _ = outcome!(success = DONE, failure = ALSO_DONE; Some(()));
}
