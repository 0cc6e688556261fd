//! The embedded metric format: one JSON document on one line of standard output, which CloudWatch Logs turns into metrics.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

mod output;
mod template;

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

pub(crate) use output::Line;
use output::{BrokenOff, Lines};

use super::{
    Batch, Departure, DimensionSets, Dimensions, EmitError, Packing, Partial, Properties,
    PropertyValue, Sink, Value,
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
        write(batch, Line::Next).map_err(EmitError::Partial)
    }
}

/// Writes a batch of any size, one document a line, with one write.
///
/// # Errors
///
/// When standard output takes it in part or not at all, or some data fit into no document.
pub(crate) fn write(batch: Batch<'_>, line: Line) -> Result<(), Box<Partial>> {
    write_by(batch, |lines| lines.put_out(line))
}

/// The same to any output.
#[cfg(test)]
pub(crate) fn write_to(
    batch: Batch<'_>,
    line: Line,
    torn: &std::sync::atomic::AtomicBool,
    output: &mut impl std::io::Write,
) -> Result<(), Box<Partial>> {
    write_by(batch, |lines| lines.write(line, torn, output))
}

fn write_by(
    batch: Batch<'_>,
    put_out: impl FnOnce(&Lines) -> Result<(), BrokenOff>,
) -> Result<(), Box<Partial>> {
    let packed = Packing::DOCUMENTS.pack(batch.data.to_vec(), Batch { data: &[], ..batch });
    let mut lines = Lines::new();
    for data in &packed.batches {
        lines.push(|out| render(Batch { data, ..batch }, out));
    }
    let whole = if packed.batches.is_empty() {
        Ok(())
    } else {
        put_out(&lines)
    };
    let mut partial = match whole {
        Ok(()) if packed.dropped == 0 => return Ok(()),
        Ok(()) => Partial::new("documents take these metrics in part or not at all"),
        Err(BrokenOff { whole, error }) => Partial {
            not_accepted: packed.batches.into_iter().skip(whole).flatten().collect(),
            ..Partial::new(error)
        },
    };
    partial.dropped = packed.dropped;
    Err(Box::new(partial))
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
mod tests;
