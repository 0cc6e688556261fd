//! A table on standard error, for local runs.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    time::{Duration, SystemTime},
};

use super::{Batch, Datum, EmitError, Sink, SinkResult, Value};

/// Writes each flush as a table to standard error, for local runs without CloudWatch.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Pretty;

impl Sink for Pretty {
    async fn emit(&self, batch: Batch<'_>, _budget: Duration) -> SinkResult {
        let written = io::stderr().lock().write_all(table(batch).as_bytes());
        written.map_err(|error| EmitError::NotAccepted(error.into()))
    }
}

fn table(batch: Batch<'_>) -> String {
    let mut text = format!(
        "{} at {} UTC",
        batch.namespace,
        time_of_day(batch.timestamp)
    );
    if let Some(invocation) = batch.invocation {
        let start = if invocation.cold_start {
            ", cold start"
        } else {
            ""
        };
        let _ = write!(text, ", request {}{start}", invocation.request_id);
    }
    let sets = batch.dimensions.as_slice().iter().map(ToString::to_string);
    let sets: Vec<String> = sets.filter(|set| !set.is_empty()).collect();
    if !sets.is_empty() {
        let _ = write!(text, " [{}]", sets.join("; "));
    }
    text.push('\n');
    let names: Vec<String> = batch.data.iter().map(name).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    for (name, datum) in names.iter().zip(batch.data) {
        let _ = writeln!(text, "  {name:width$}  {}", value(datum));
    }
    text
}

fn name(datum: &Datum) -> String {
    if datum.dimensions.is_empty() {
        return datum.metric.to_string();
    }
    format!("{} {{{}}}", datum.metric, datum.dimensions)
}

fn value(datum: &Datum) -> String {
    let unit = datum.unit.as_str();
    match &datum.value {
        Value::Count(growth) => format!("{growth:>10}"),
        Value::Gauge(level) => format!("{level:>10} {unit}"),
        Value::Histogram(observed) => {
            let times: u64 = observed.iter().map(|(_, times)| times).sum();
            let values = observed.iter().map(|(value, _)| *value);
            let least = values.clone().fold(f64::INFINITY, f64::min);
            let most = values.fold(f64::NEG_INFINITY, f64::max);
            format!("{times:>10} times, {least} to {most} {unit}")
        }
    }
}

fn time_of_day(time: SystemTime) -> String {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = since.as_secs() % (24 * 60 * 60);
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metric::{DimensionSets, Dimensions, MetricName, Unit},
        sink::{Invocation, Properties, SharedSendState},
    };

    #[test]
    fn a_flush_is_an_aligned_table() {
        let metric = MetricName::new;
        let carrier = Dimensions::new([("carrier", "post")]);
        let data = [
            Datum::count(metric("OrderShipped"), 5),
            Datum::count(metric("Order"), 0).with_dimensions(carrier),
            Datum::histogram(metric("Time"), [(1.5, 2), (20.0, 1)]).with_unit(Unit::Milliseconds),
        ];
        let invocation = Invocation {
            request_id: "id-1".to_owned(),
            cold_start: true,
        };
        let stage = Dimensions::new([("stage", "test")]);
        let batch = Batch {
            namespace: "shop/Orders",
            dimensions: &DimensionSets::new([stage]).expect("valid"),
            timestamp: SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000),
            data: &data,
            invocation: Some(&invocation),
            properties: Properties::NONE,
            state: &SharedSendState::default(),
        };
        let expected = "shop/Orders at 14:13:20 UTC, request id-1, cold start [stage=test]\n  \
                        OrderShipped                   5\n  \
                        Order {carrier=post}           0\n  \
                        Time                           3 times, 1.5 to 20 Milliseconds\n";
        assert_eq!(table(batch), expected);
    }
}
