//! A metric behind a constant has not the name of a dimension or of a property of the flush.

use tt_metrics::{Dimension, MetricName, count, count_outcome};

const KIND: MetricName = MetricName::new("Kind");
const ERROR: MetricName = MetricName::new("Error");

mod names {
    use tt_metrics::MetricName;

    pub const COLD_START: MetricName = MetricName::new("cold_start");
}

#[derive(Dimension)]
enum Refused {
    Only,
}

#[count(KIND, dimensions(Kind: bool = flag))]
fn dimension(flag: bool) {
    let _ = flag;
}

#[count_outcome(failure = ERROR, failure_by = Refused)]
fn error() -> Result<(), Refused> {
    Err(Refused::Only)
}

#[count_outcome(success = names::COLD_START)]
fn property() -> Option<()> {
    Some(())
}

#[count_outcome(success = "cold_start", failure = "Error", failure_by = Refused)]
fn literals() -> Result<(), Refused> {
    Err(Refused::Only)
}

fn main() {
    dimension(true);
    let _ = (error(), property(), literals());
}
