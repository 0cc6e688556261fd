//! The embedded metric format: one JSON document on one line of standard output, which CloudWatch Logs turns into metrics.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

mod log_level;
mod stdout;
mod template;

use std::{
    error::Error,
    sync::LazyLock,
    time::{Duration, Instant, SystemTime},
};

use super::{
    Batch, Datum, DimensionSets, Dimensions, EmitError, Packing, Properties, PropertyValue,
    SharedSendState, Sink, SinkResult, Value,
    json::{boolean, float, integer, key, separate, string},
};
use stdout::{Lines, WriteError};

#[cfg(all(unix, feature = "lambda"))]
pub(crate) use stdout::relay;
#[cfg(all(test, feature = "lambda"))]
pub(crate) use stdout::{LinePosition, tests::replace_output};

/// Writes metrics to standard output in the embedded metric format.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Emf;

impl Sink for Emf {
    fn packing(&self) -> Packing {
        Packing::DOCUMENTS
    }

    fn marks_sent(&self) -> bool {
        true
    }

    async fn emit(&self, batch: Batch<'_>, budget: Duration) -> SinkResult {
        let now = Instant::now();
        let until = now.checked_add(budget).unwrap_or(now);
        let mut lines = Lines::new();
        lines.push(|out| render(batch, DocumentKind::Metrics, out));
        // The batch stays unsent while this waits for the output, so that a thread that ends the process can write it.
        let Err(failed) = lines.put_out(until, || batch.mark_sent()) else {
            batch.state.settle();
            return Ok(());
        };
        // A document that was not written as a whole is not counted.
        batch.mark_unsent();
        Err(EmitError::NotAccepted(failed.error.into()))
    }
}

/// Whether CloudWatch counts a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// CloudWatch counts its metrics.
    Metrics,
    /// CloudWatch may have these counts already and does not count them again: the document differs from one in the
    /// embedded metric format by the name of its first key, [`UNCONFIRMED_KEY`]. With `_aws` in its place it counts.
    Unconfirmed,
}

/// The first key of a document whose counts CloudWatch may have already.
pub(crate) const UNCONFIRMED_KEY: &str = "tt_metrics_unconfirmed";

/// Data that are not in the log.
#[derive(Debug)]
pub(crate) struct Unwritten {
    /// The data of all documents that were not written as a whole.
    pub(crate) data: Vec<Datum>,
    /// The number of data that no document can contain, or not with all of their observations.
    pub(crate) dropped: u64,
    pub(crate) error: Box<dyn Error + Send + Sync>,
}

/// Writes a batch of any size to standard output, one document a line.
///
/// # Errors
///
/// When standard output does not accept all of it in time, or no document can contain some of the data.
pub(crate) fn write(batch: Batch<'_>, kind: DocumentKind, until: Instant) -> Result<(), Unwritten> {
    write_by(batch, kind, |lines| lines.put_out(until, || true))
}

/// The same to any writer.
#[cfg(all(test, feature = "lambda"))]
pub(crate) fn write_to(
    batch: Batch<'_>,
    position: &mut LinePosition,
    writer: &mut impl std::io::Write,
) -> Result<(), Unwritten> {
    write_by(batch, DocumentKind::Metrics, |lines| {
        lines.write(position, writer)
    })
}

fn write_by(
    batch: Batch<'_>,
    kind: DocumentKind,
    put_out: impl FnOnce(&Lines) -> Result<(), WriteError>,
) -> Result<(), Unwritten> {
    let packed = Packing::DOCUMENTS.pack(batch.data.to_vec(), Batch { data: &[], ..batch });
    let mut lines = Lines::new();
    for data in &packed.batches {
        lines.push(|out| render(Batch { data, ..batch }, kind, out));
    }
    let result = if packed.batches.is_empty() {
        Ok(())
    } else {
        put_out(&lines)
    };
    let (data, error) = match result {
        Ok(()) if packed.dropped == 0 => return Ok(()),
        Ok(()) => {
            let error = "no document can contain all of these metrics";
            (Vec::new(), error.into())
        }
        Err(WriteError { written, error }) => {
            let unwritten = packed.batches.into_iter().skip(written);
            (unwritten.flatten().collect(), error.into())
        }
    };
    Err(Unwritten {
        data,
        dropped: packed.dropped,
        error,
    })
}

/// Appends one document and a line feed; the own dimensions of all data are the same.
pub(crate) fn render(batch: Batch<'_>, kind: DocumentKind, out: &mut Vec<u8>) {
    let own = batch
        .data
        .first()
        .map_or(&Dimensions::NONE, |datum| &datum.dimensions);
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(match kind {
        DocumentKind::Metrics => b"_aws",
        DocumentKind::Unconfirmed => UNCONFIRMED_KEY.as_bytes(),
    });
    out.extend_from_slice(b"\":{\"Timestamp\":");
    integer(milliseconds(batch.timestamp), out);
    template::with(batch, own, |template| {
        for (text, datum) in template.texts().zip(batch.data) {
            out.extend_from_slice(text);
            value(&datum.value, out);
        }
    });
    properties(batch, own, out);
    if let Some(level) = log_level::required() {
        for (name, value) in level.fields(batch.timestamp) {
            if is_free(name, batch, own) {
                key(name, out);
                string(&value, out);
            }
        }
    }
    out.extend_from_slice(b"}\n");
}

/// A number, or an array that contains each value as often as it was observed.
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
        let is_of_invocation =
            batch.invocation.is_some() && matches!(name, "request_id" | "cold_start");
        let is_of_log = log_level::required().is_some() && matches!(name, "level" | "timestamp");
        if is_of_invocation || is_of_log || !is_free(name, batch, own) {
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
        && template::dimensions(batch, own).all(|(dimension, _)| dimension != name)
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Renders one document of counters, for the comparison in `benches`.
pub fn render_document(namespace: &str, timestamp: SystemTime, data: &[Datum], out: &mut Vec<u8>) {
    static DIMENSIONS: LazyLock<DimensionSets> = LazyLock::new(DimensionSets::default);
    static STATE: LazyLock<SharedSendState> = LazyLock::new(SharedSendState::default);
    let batch = Batch {
        namespace,
        dimensions: &DIMENSIONS,
        timestamp,
        data,
        invocation: None,
        properties: Properties::NONE,
        state: &STATE,
    };
    render(batch, DocumentKind::Metrics, out);
}

#[cfg(test)]
mod tests;
