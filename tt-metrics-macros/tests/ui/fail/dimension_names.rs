//! The name of a dimension is one that CloudWatch takes, once, and not that of a metric or property.

use tt_metrics::{Dimension, MetricName, count, count_outcome};

#[derive(Dimension)]
enum Failure {
    Only,
}

#[count("Empty", dimensions("": bool = flag))]
fn empty(flag: bool) -> bool {
    flag
}

#[count("Blank", dimensions(" ": bool = flag))]
fn blank(flag: bool) -> bool {
    flag
}

#[count("Colon", dimensions(":a": bool = flag, "ä": bool = flag, "\u{7f}": bool = flag, "request_id": bool = flag))]
fn characters(flag: bool) -> bool {
    flag
}

#[count("Twice", dimensions(Flag: bool = flag, Flag: bool = !flag))]
fn twice(flag: bool) -> bool {
    flag
}

#[count("Calls", dimensions(Calls: bool = flag))]
fn metric(flag: bool) -> bool {
    flag
}

#[count_outcome(success = "Done", failure = "Failed", dimensions(Error: bool = flag), failure_by = Failure)]
fn error(flag: bool) -> Result<bool, Failure> {
    if flag { Ok(flag) } else { Err(Failure::Only) }
}

const CONSTANT: MetricName = MetricName::new("Constant");

fn main() {
    let _ = (empty(true), blank(true), characters(true), twice(true), metric(true), error(true), CONSTANT);
}
