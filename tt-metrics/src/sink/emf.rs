//! The embedded metric format: one JSON document on one line of standard output, which CloudWatch Logs turns into metrics.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

mod output;
mod template;

use std::{
    io,
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use super::{
    Batch, Departure, DimensionSets, Dimensions, EmitError, Packing, Properties, PropertyValue,
    Sink, Value,
    json::{boolean, float, integer, key, separate, string},
};

#[cfg(all(test, feature = "lambda"))]
pub(crate) use output::tests::replace_output;

/// Writes embedded metric format to standard output.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Emf;

impl Sink for Emf {
    fn packing(&self) -> Packing {
        Packing::DOCUMENTS
    }

    async fn emit(&self, batch: Batch<'_>, _budget: Duration) -> Result<(), EmitError> {
        write(batch, Line::Next).map_err(|error| EmitError::NotAccepted(error.into()))
    }
}

/// Where a document begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Where the output is: whole lines are what a program writes as a rule.
    Next,
    /// On a line of its own for certain, behind an empty one as a rule: at a moment that does not come back.
    New,
}

/// Writes a batch of any size, one document a line, with one write.
///
/// # Errors
///
/// When standard output cannot be written.
pub(crate) fn write(batch: Batch<'_>, line: Line) -> io::Result<()> {
    let mut lines = Vec::with_capacity(1024);
    if line == Line::New {
        lines.push(b'\n');
    }
    let packed = Packing::DOCUMENTS.pack(batch.data.to_vec(), Batch { data: &[], ..batch });
    if packed.dropped > 0 {
        tracing::warn!(
            data = packed.dropped,
            "metrics are too large for a document"
        );
    }
    for data in &packed.batches {
        render(Batch { data, ..batch }, &mut lines);
    }
    output::put_out(&lines)
}

/// Appends one document and a line feed; all data have the same dimensions of their own.
pub(crate) fn render(batch: Batch<'_>, out: &mut Vec<u8>) {
    let own = batch
        .data
        .first()
        .map_or(&Dimensions::NONE, |datum| &datum.dimensions);
    out.extend_from_slice(b"{\"_aws\":{\"Timestamp\":");
    integer(milliseconds(batch.timestamp), out);
    template::with(batch, own, |template| {
        for (text, datum) in template.texts().zip(batch.data) {
            out.extend_from_slice(text);
            value(&datum.value, out);
        }
    });
    properties(batch, own, out);
    out.extend_from_slice(b"}\n");
}

/// The dimensions of a document, each once: its own stand in place of others of the same name.
fn dimensions<'a>(
    batch: Batch<'a>,
    own: &'a Dimensions,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_own = |name: &str| own.iter().any(|(other, _)| other == name);
    let shared = batch.dimensions.distinct();
    shared
        .filter(move |(name, _)| !is_own(name))
        .chain(own.iter())
}

/// A number, or an array of numbers in which each stands as often as it was observed.
fn value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Count(growth) => integer(*growth, out),
        Value::Gauge(level) => float(*level, out),
        Value::Histogram(observed) => {
            out.push(b'[');
            let each = observed.iter().flat_map(|(value, times)| {
                let times = usize::try_from(*times).unwrap_or(usize::MAX);
                std::iter::repeat_n(*value, times)
            });
            for (index, value) in each.enumerate() {
                separate(index, out);
                float(value, out);
            }
            out.push(b']');
        }
    }
}

fn properties(batch: Batch<'_>, own: &Dimensions, out: &mut Vec<u8>) {
    if let Some(invocation) = batch.invocation {
        if is_free("request_id", batch, own) {
            key("request_id", out);
            string(&invocation.request_id, out);
        }
        if is_free("cold_start", batch, own) {
            key("cold_start", out);
            boolean(invocation.cold_start, out);
        }
    }
    for (name, value) in batch.properties.iter() {
        let said = batch.invocation.is_some() && matches!(name, "request_id" | "cold_start");
        if said || !is_free(name, batch, own) {
            continue;
        }
        key(name, out);
        match value {
            PropertyValue::Text(text) => string(text, out),
            PropertyValue::Number(number) => float(*number, out),
            PropertyValue::Bool(value) => boolean(*value, out),
        }
    }
}

/// Whether a property may have this name: metrics, dimensions and properties share one key space.
fn is_free(name: &str, batch: Batch<'_>, own: &Dimensions) -> bool {
    name != "_aws"
        && batch.data.iter().all(|datum| datum.metric.as_str() != name)
        && dimensions(batch, own).all(|(dimension, _)| dimension != name)
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Renders one document of counters and nothing else, as `benches` compares it with others.
pub fn render_document(
    namespace: &str,
    timestamp: SystemTime,
    data: &[super::Datum],
    out: &mut Vec<u8>,
) {
    static DIMENSIONS: LazyLock<DimensionSets> = LazyLock::new(DimensionSets::default);
    static HERE: LazyLock<Departure> = LazyLock::new(Departure::default);
    let batch = Batch {
        namespace,
        dimensions: &DIMENSIONS,
        timestamp,
        data,
        invocation: None,
        properties: Properties::NONE,
        departure: &HERE,
    };
    render(batch, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metric::{MetricName, Resolution, Unit},
        sink::{Datum, Invocation},
    };

    fn datum(name: &'static str, growth: u64) -> Datum {
        Datum::count(MetricName::new(name), growth)
    }

    fn sets(sets: &[&[(&'static str, &'static str)]]) -> DimensionSets {
        let sets = sets.iter().map(|set| Dimensions::new(set.iter().copied()));
        DimensionSets::new(sets).expect("valid")
    }

    fn batch<'a>(data: &'a [Datum], dimensions: &'a DimensionSets) -> Batch<'a> {
        static HERE: LazyLock<Departure> = LazyLock::new(Departure::default);
        Batch {
            namespace: "shop/Orders",
            dimensions,
            timestamp: SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_123),
            data,
            invocation: None,
            properties: Properties::NONE,
            departure: &HERE,
        }
    }

    fn document(batch: Batch<'_>) -> serde_json::Value {
        let mut line = Vec::new();
        render(batch, &mut line);
        assert_eq!(line.pop(), Some(b'\n'));
        assert!(!line.contains(&b'\n'));
        serde_json::from_slice(&line).expect("is JSON")
    }

    #[test]
    fn one_document_holds_all_metrics_with_one_timestamp() {
        let data = [datum("OrderShipped", 5), datum("OrderFailed", 0)];
        let expected = serde_json::json!({
            "_aws": {
                "Timestamp": 1_790_000_000_123_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "shop/Orders",
                    "Dimensions": [[]],
                    "Metrics": [
                        {"Name": "OrderShipped", "Unit": "Count"},
                        {"Name": "OrderFailed", "Unit": "Count"},
                    ],
                }],
            },
            "OrderShipped": 5,
            "OrderFailed": 0,
        });
        assert_eq!(document(batch(&data, &sets(&[]))), expected);
    }

    #[test]
    fn a_document_that_differs_from_the_one_before_is_not_taken_for_it() {
        let names = |document: &serde_json::Value| {
            let directive = &document["_aws"]["CloudWatchMetrics"][0];
            (directive.clone(), document.as_object().unwrap().len())
        };
        let none = sets(&[]);
        let shop = sets(&[&[("service", "shop")]]);
        let one = [datum("OrderShipped", 5)];
        let other = [datum("OrderFailed", 5)];
        let both = [datum("OrderShipped", 5), datum("OrderFailed", 5)];
        let bytes = [datum("OrderShipped", 5).with_unit(Unit::Bytes)];
        let fine = [datum("OrderShipped", 5).with_resolution(Resolution::High)];
        let elsewhere = Batch {
            namespace: "elsewhere",
            ..batch(&one, &none)
        };
        let batches = [
            batch(&one, &none),
            batch(&other, &none),
            batch(&both, &none),
            batch(&bytes, &none),
            batch(&fine, &none),
            batch(&one, &shop),
            elsewhere,
        ];
        let all: Vec<_> = batches.map(|it| names(&document(it))).into();
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{one:?}");
        }
        let again: Vec<_> = batches.map(|it| names(&document(it))).into();
        assert_eq!(all, again);
    }

    #[test]
    fn dimensions_and_properties_stand_beside_the_metrics() {
        let invocation = Invocation {
            request_id: "quote \" backslash \\ bell \u{7}".to_owned(),
            cold_start: true,
        };
        let dimensions = sets(&[&[("service", "orders")]]);
        let data = [datum("OrderShipped", 1)];
        let document = document(Batch {
            invocation: Some(&invocation),
            ..batch(&data, &dimensions)
        });
        assert_eq!(document["service"], "orders");
        assert_eq!(document["cold_start"], true);
        assert_eq!(document["request_id"], invocation.request_id);
        let directive = &document["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], serde_json::json!([["service"]]));
    }

    #[test]
    fn observations_units_resolution_and_own_dimensions_are_written() {
        let time = Datum::histogram(MetricName::new("Time"), [(1.5, 2), (20.0, 1)])
            .with_unit(Unit::Milliseconds)
            .with_resolution(Resolution::High)
            .with_dimensions(Dimensions::new([("carrier", "post")]));
        let document = document(batch(&[time], &sets(&[&[("service", "s")], &[]])));
        let directive = &document["_aws"]["CloudWatchMetrics"][0];
        let expected = serde_json::json!([
            {"Name": "Time", "Unit": "Milliseconds", "StorageResolution": 1},
        ]);
        assert_eq!(directive["Metrics"], expected);
        assert_eq!(
            directive["Dimensions"],
            serde_json::json!([["service", "carrier"], ["carrier"]])
        );
        assert_eq!(document["carrier"], "post");
        assert_eq!(document["Time"], serde_json::json!([1.5, 1.5, 20.0]));
    }

    #[test]
    fn a_property_never_hides_a_metric() {
        let invocation = Invocation {
            request_id: "id".to_owned(),
            cold_start: false,
        };
        let data = [datum("request_id", 3)];
        let document = document(Batch {
            invocation: Some(&invocation),
            ..batch(&data, &sets(&[]))
        });
        assert_eq!(document["request_id"], 3);
    }
}
