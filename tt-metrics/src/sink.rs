//! Sinks: the places to which a flush sends metrics.

mod batch;
mod capture;
mod configured;
pub(crate) mod emf;
mod emit_error;
mod json;
mod packing;
mod pretty;
pub(crate) mod property;
#[cfg(feature = "put-metric-data")]
pub(crate) mod put_metric_data;
mod send_state;
mod validation;

pub use batch::{Batch, Invocation};
pub use capture::CaptureSink;
pub use configured::{Configured, SinkKind};
pub use emf::Emf;
pub use emit_error::{EmitError, SinkResult};
pub use packing::Packing;
pub use pretty::Pretty;
pub use property::{Properties, PropertyValue};
#[cfg(feature = "put-metric-data")]
pub use put_metric_data::PutMetricData;
pub(crate) use send_state::{SendState, SharedSendState};
pub(crate) use validation::drop_invalid;

use std::{future::Future, time::Duration};

pub use crate::metric::{Datum, DimensionSets, Dimensions, Value, limits::Violation};

/// The treatment of a batch that CloudWatch may or may not have accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Delivery {
    /// The batch is given up and counted as `FlushAmbiguous`, so a metric is never too high. A line of the log contains
    /// all of its data.
    #[default]
    AtMostOnce,
    /// The batch is sent again in the embedded metric format, so a metric is never too low.
    AtLeastOnce,
}

/// A place to which metrics are sent.
///
/// ```
/// use std::{io::Write, sync::Mutex, time::Duration};
/// use tt_metrics::sink::{Batch, EmitError, Sink, SinkResult, Value};
///
/// /// Appends each count to a file, as a line of tab-separated values.
/// struct Journal(Mutex<std::fs::File>);
///
/// impl Sink for Journal {
///     async fn emit(&self, batch: Batch<'_>, _budget: Duration) -> SinkResult {
///         let mut lines = Vec::new();
///         for datum in batch.data {
///             if let Value::Count(growth) = datum.value {
///                 writeln!(lines, "{}\t{growth}", datum.metric).expect("writes to memory");
///             }
///         }
///         let mut file = self.0.lock().expect("no other call panics");
///         // After an error some of the lines may have been written.
///         file.write_all(&lines).map_err(|error| EmitError::Ambiguous(error.into()))
///     }
/// }
/// ```
///
/// `examples/custom_sink.rs` has a sink that copies each batch to a second place.
pub trait Sink: Send + Sync + 'static {
    /// The limits of one batch; by default there are none.
    fn packing(&self) -> Packing {
        Packing::WHOLE
    }

    /// Whether this sink calls [`Batch::mark_sent`] before it sends a batch.
    ///
    /// The counts of an unsent batch can still be written to the log when the process has to end. A batch of a sink that
    /// returns `false` here counts as sent as soon as [`emit`](Self::emit) is called.
    fn marks_sent(&self) -> bool {
        false
    }

    /// Sends a batch within the budget.
    ///
    /// # Errors
    ///
    /// When the batch was not accepted, or when that is unknown.
    ///
    /// # Cancel safety
    ///
    /// A batch whose future is dropped is treated by its send state: an unsent batch stays in the buffer, a sent one is
    /// treated as [`EmitError::Ambiguous`].
    fn emit(&self, batch: Batch<'_>, budget: Duration) -> impl Future<Output = SinkResult> + Send;
}
