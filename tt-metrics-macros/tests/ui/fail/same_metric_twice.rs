//! Two outcomes of one attribute have two metrics.

use tt_metrics::{MetricName, count_outcome};

const DONE: MetricName = MetricName::new("Done");

#[count_outcome(success = "Done", failure = "Done")]
fn literal() -> Result<(), ()> {
    Ok(())
}

#[count_outcome(success = crate::DONE, failure = "Failed", neutral = crate::DONE)]
fn constant() -> Result<(), ()> {
    Ok(())
}

fn main() {
    let _ = (literal(), constant());
}
