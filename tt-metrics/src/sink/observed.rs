//! A sink that shows each batch, and what became of it, to an observer.

use std::{fmt, time::Duration};

use super::{Batch, EmitError, Packing, Sink, SinkResult};

/// Sends to another sink and shows each batch to an observer, with the sink's answer.
///
/// The observer runs within the flush: it had better be quick. What it does changes nothing for the counts.
///
/// ```no_run
/// # async fn start() -> Result<(), tt_metrics::ConfigError> {
/// use tt_metrics::{Config, Flusher, sink::{Configured, Observed}};
///
/// let config = Config::from_env()?;
/// let sink = Observed::new(Configured::new(&config).await, |batch, result| {
///     tracing::debug!(metrics = batch.data.len(), accepted = result.is_ok(), "flushed");
/// });
/// let flusher = Flusher::new(config, sink);
/// # drop(flusher);
/// # Ok(())
/// # }
/// ```
pub struct Observed<K, O> {
    sink: K,
    observer: O,
}

impl<K, O> Observed<K, O>
where
    K: Sink,
    O: Fn(Batch<'_>, &SinkResult) + Send + Sync + 'static,
{
    /// Shows the batches of this sink to this observer.
    pub fn new(sink: K, observer: O) -> Self {
        Self { sink, observer }
    }
}

impl<K: fmt::Debug, O> fmt::Debug for Observed<K, O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Observed");
        debug.field("sink", &self.sink).finish_non_exhaustive()
    }
}

impl<K, O> Sink for Observed<K, O>
where
    K: Sink,
    O: Fn(Batch<'_>, &SinkResult) + Send + Sync + 'static,
{
    fn packing(&self) -> Packing {
        self.sink.packing()
    }

    fn announces_departure(&self) -> bool {
        self.sink.announces_departure()
    }

    async fn emit(&self, batch: Batch<'_>, budget: Duration) -> Result<(), EmitError> {
        let result = self.sink.emit(batch, budget).await;
        (self.observer)(batch, &result);
        result
    }

    async fn finish(&self, last: Batch<'_>, budget: Duration) {
        self.sink.finish(last, budget).await;
    }
}
