//! The limits of CloudWatch and the checks of single values.
//!
//! Sources: [`PutMetricData`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html),
//! [`MetricDatum`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html),
//! [`Dimension`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html) and the
//! [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

pub(crate) const MAX_NAME_LENGTH: usize = 255;
pub(crate) const MAX_DIMENSION_NAME_LENGTH: usize = 250;
pub(crate) const MAX_DIMENSION_VALUE_LENGTH: usize = 1024;
pub(crate) const MAX_DIMENSIONS: usize = 30;
pub(crate) const MAX_REQUEST_METRICS: usize = 1000;
pub(crate) const MAX_REQUEST_BYTES: usize = 1_048_576;
pub(crate) const MAX_DATUM_VALUES: usize = 150;
pub(crate) const MAX_DOCUMENT_METRICS: usize = 100;
pub(crate) const MAX_DOCUMENT_VALUES: usize = 100;
/// The size of a log event that Lambda passes on uncut.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
const MAX_AGE: Duration = Duration::from_hours(14 * 24);
const MAX_AHEAD: Duration = Duration::from_hours(2);

const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// The reason for which CloudWatch refuses a document or a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub(crate) String);

pub(crate) fn refuse<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(reason.into()))
}

pub(crate) fn check_namespace(namespace: &str) -> Result<(), Refusal> {
    check_name("a namespace", namespace, MAX_NAME_LENGTH)?;
    if namespace.starts_with("AWS/") {
        return refuse("a namespace must not start with `AWS/`");
    }
    Ok(())
}

pub(crate) fn check_metric_name(name: &str) -> Result<(), Refusal> {
    check_name("a metric name", name, MAX_NAME_LENGTH)
}

pub(crate) fn check_dimensions<'a>(
    dimensions: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    for (name, value) in dimensions {
        check_name("a dimension name", name, MAX_DIMENSION_NAME_LENGTH)?;
        check_text("a dimension value", value, MAX_DIMENSION_VALUE_LENGTH)?;
        if !names.insert(name) {
            return refuse(format!("dimension `{name}` is given twice"));
        }
    }
    check_number("dimensions", names.len(), MAX_DIMENSIONS)
}

pub(crate) fn check_unit(unit: &str) -> Result<(), Refusal> {
    if UNITS.contains(&unit) {
        return Ok(());
    }
    refuse(format!("`{unit}` is no unit"))
}

pub(crate) fn check_value(value: f64) -> Result<(), Refusal> {
    if value.abs() <= 2_f64.powi(360) {
        return Ok(());
    }
    refuse(format!("value {value} is not a finite number within 2^360"))
}

pub(crate) fn check_timestamp(timestamp: SystemTime, now: SystemTime) -> Result<(), Refusal> {
    let late = now.duration_since(timestamp).unwrap_or_default();
    let ahead = timestamp.duration_since(now).unwrap_or_default();
    if late <= MAX_AGE && ahead <= MAX_AHEAD {
        return Ok(());
    }
    refuse("a timestamp is more than two weeks old or more than two hours ahead")
}

pub(crate) fn check_number(what: &str, number: usize, max: usize) -> Result<(), Refusal> {
    if number <= max {
        return Ok(());
    }
    refuse(format!("{number} {what}, allowed are at most {max}"))
}

fn check_name(what: &str, name: &str, max: usize) -> Result<(), Refusal> {
    check_text(what, name, max)?;
    if name.starts_with(':') {
        return refuse(format!("{what} must not start with `:`"));
    }
    Ok(())
}

fn check_text(what: &str, text: &str, max: usize) -> Result<(), Refusal> {
    let length = text.chars().count();
    if length == 0 || length > max {
        return refuse(format!(
            "{what} has {length} characters, allowed are 1 to {max}"
        ));
    }
    let is_printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !is_printable || text.trim().is_empty() {
        return refuse(format!("{what} has characters other than printable ASCII"));
    }
    Ok(())
}
