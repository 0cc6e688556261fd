//! Where a flush goes: the one seam of this crate.

mod admission;
mod capture;
mod configured;
mod departure;
pub(crate) mod emf;
mod emit_error;
mod json;
mod observed;
mod pack;
mod pretty;
pub(crate) mod property;
#[cfg(feature = "put-metric-data")]
pub(crate) mod put_metric_data;
mod tee;

pub(crate) use admission::admit;
pub use capture::CaptureSink;
pub use configured::{Configured, SinkKind};
pub use departure::Departure;
pub(crate) use departure::Was;
pub use emf::Emf;
pub use emit_error::{EmitError, Partial, SinkResult};
pub use observed::Observed;
pub use pack::Packing;
pub use pretty::Pretty;
pub use property::{Properties, PropertyValue};
#[cfg(feature = "put-metric-data")]
pub use put_metric_data::PutMetricData;
pub use tee::Tee;

use std::{
    future::Future,
    time::{Duration, SystemTime},
};

pub use crate::metric::{Datum, DimensionSets, Dimensions, Value};

/// What one request or document carries: data of one moment, with one timestamp.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Batch<'a> {
    /// The CloudWatch namespace.
    pub namespace: &'a str,
    /// The sets of dimensions under which every datum is sent; [`DimensionSets::with`] adds those of the datum.
    pub dimensions: &'a DimensionSets,
    /// When the counts were taken.
    pub timestamp: SystemTime,
    /// The data, zeros included; as much as [`Sink::packing`] says.
    pub data: &'a [Datum],
    /// The invocation that the counts are from, if they are all from one.
    pub invocation: Option<&'a Invocation>,
    /// What else is said about that invocation.
    pub properties: &'a Properties,
    /// Where a sink that [announces](Sink::announces_departure) it says that the batch leaves.
    pub departure: &'a Departure,
}

/// What is said about the invocation that a flush belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invocation {
    /// The request id that Lambda gave it.
    pub request_id: String,
    /// Whether it was the first one of this process.
    pub cold_start: bool,
}

/// What to do with a batch of which it is unknown whether it was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Delivery {
    /// Drops it and counts that: a metric is never too high.
    #[default]
    AtMostOnce,
    /// Sends it again as an EMF line: a metric is never too low.
    AtLeastOnce,
}

/// Somewhere to send metrics to.
///
/// ```
/// use std::{io::Write, sync::Mutex, time::Duration};
/// use tt_metrics::sink::{Batch, EmitError, Sink, SinkResult, Value};
///
/// /// Adds each count to a file, as a line of tab-separated values.
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
///         // A part of the lines may be there already, so what became of them is not known.
///         file.write_all(&lines).map_err(|error| EmitError::Ambiguous(error.into()))
///     }
/// }
/// ```
pub trait Sink: Send + Sync + 'static {
    /// What one batch may carry; everything, unless a sink says otherwise.
    fn packing(&self) -> Packing {
        Packing::WHOLE
    }

    /// Whether this sink says on [`Batch::departure`] when a batch leaves.
    ///
    /// The counts of a batch that has not left can be saved when the process has to end. A batch of a sink that does
    /// not say so may have arrived as soon as [`emit`](Self::emit) is called.
    fn announces_departure(&self) -> bool {
        false
    }

    /// Sends a batch, at the latest when the budget is used up.
    ///
    /// # Errors
    ///
    /// Says whether the batch certainly was not accepted or whether that is unknown.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before it completes leaves the batch in the unknown state.
    fn emit(
        &self,
        batch: Batch<'_>,
        budget: Duration,
    ) -> impl Future<Output = Result<(), EmitError>> + Send;

    /// Sends what the sink itself kept of earlier batches, at the latest when the budget is used up: the process ends, or
    /// a snapshot is taken of it.
    ///
    /// `last` is a batch without data. A sink that keeps nothing has nothing to do, which is what this does unless it
    /// is implemented; one that hands on to another sink hands this on too.
    fn finish(&self, last: Batch<'_>, budget: Duration) -> impl Future<Output = ()> + Send {
        async move {
            let _ = (last, budget);
        }
    }

    /// Forgets what the sink itself kept and could not send: this process is one of many copies of a snapshot, and each
    /// of them would send it.
    ///
    /// A sink that keeps nothing has nothing to forget; one that hands on to another sink hands this on too.
    fn begin_anew(&self) {}
}
