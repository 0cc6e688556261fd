//! Reads a `PutMetricData` request as CloudWatch does.

use std::time::SystemTime;

use crate::{
    limits::{
        MAX_DATUM_VALUES, MAX_REQUEST_BYTES, MAX_REQUEST_METRICS, Refusal, check_dimensions,
        check_metric_name, check_namespace, check_number, check_unit, refuse,
    },
    stored::{self, Stored},
    value::Value,
};

/// Reads the body of one `PutMetricData` request and returns what CloudWatch stores of it.
///
/// The body is CBOR, as the AWS SDK for Rust writes it; the caller unpacks one with `content-encoding: gzip`.
///
/// # Errors
///
/// When CloudWatch would refuse any part of it at the time `now`: it then stores nothing of the request.
pub fn read_request(body: &[u8], now: SystemTime) -> Result<Vec<Stored>, Refusal> {
    check_number("bytes", body.len(), MAX_REQUEST_BYTES)?;
    let request = Value::from_cbor(body)?;
    let namespace = request.field("Namespace")?.text("Namespace")?;
    check_namespace(namespace)?;
    let data = request.field("MetricData")?.list("MetricData")?;
    check_number("metrics", data.len(), MAX_REQUEST_METRICS)?;
    let read = |datum| {
        let stored = read_datum(namespace, datum, now)?;
        stored.check(now)?;
        Ok(stored)
    };
    data.iter().map(read).collect()
}

fn read_datum(namespace: &str, datum: &Value, now: SystemTime) -> Result<Stored, Refusal> {
    let metric = datum.field("MetricName")?.text("MetricName")?;
    check_metric_name(metric)?;
    let mut pairs = Vec::new();
    if let Some(dimensions) = datum.get("Dimensions") {
        for dimension in dimensions.list("Dimensions")? {
            let name = dimension.field("Name")?.text("Name")?;
            pairs.push((name, dimension.field("Value")?.text("Value")?));
        }
    }
    check_dimensions(pairs.iter().copied())?;
    let unit = match datum.get("Unit") {
        Some(unit) => unit.text("Unit")?,
        None => "None",
    };
    check_unit(unit)?;
    let resolution = match datum.get("StorageResolution") {
        Some(seconds) => stored::resolution(seconds.number("StorageResolution")?)?,
        None => 60,
    };
    let timestamp = match datum.get("Timestamp") {
        Some(seconds) => stored::time(seconds.number("Timestamp")?)?,
        None => now,
    };
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Ok(Stored {
        namespace: namespace.to_owned(),
        metric: metric.to_owned(),
        unit: unit.to_owned(),
        resolution,
        dimensions: pairs.into_iter().map(owned).collect(),
        timestamp,
        observed: read_values(datum)?,
    })
}

/// One value, or values with a count for each.
fn read_values(datum: &Value) -> Result<Vec<(f64, f64)>, Refusal> {
    let (value, values) = (datum.get("Value"), datum.get("Values"));
    match (value, values, datum.get("Counts")) {
        (Some(value), None, None) => Ok(vec![(value.number("Value")?, 1.0)]),
        (None, Some(values), counts) => {
            let values = values.list("Values")?;
            check_number("values", values.len(), MAX_DATUM_VALUES)?;
            let counts = counts.map(|counts| counts.list("Counts")).transpose()?;
            if values.is_empty() || counts.is_some_and(|counts| counts.len() != values.len()) {
                return refuse("`Values` and `Counts` do not fit together");
            }
            let observed = values.iter().enumerate().map(|(index, value)| {
                let times = match counts.and_then(|counts| counts.get(index)) {
                    Some(times) => times.number("Counts")?,
                    None => 1.0,
                };
                if times < 0.0 || !times.is_finite() {
                    return refuse("a number of `Counts` is negative or infinite");
                }
                Ok((value.number("Values")?, times))
            });
            observed.collect()
        }
        _ => refuse("a datum has one `Value`, or `Values`"),
    }
}

#[cfg(test)]
mod tests;
