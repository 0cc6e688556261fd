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

    fn begin_anew(&self) {
        self.sink.begin_anew();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            Arc, Mutex,
            atomic::{AtomicBool, Ordering},
        },
        task::{Context, Poll, Waker},
        time::SystemTime,
    };

    use super::*;
    use crate::{
        count::sync::lock,
        metric::{Datum, DimensionSets, MetricName},
        sink::{Departure, Properties},
    };

    /// Accepts a batch of one datum and no other; knows whether it was told of the end.
    #[derive(Debug, Default)]
    struct OneOnly {
        emitted: Mutex<Vec<usize>>,
        finished: AtomicBool,
    }

    impl Sink for OneOnly {
        fn packing(&self) -> Packing {
            Packing::DOCUMENTS.at_most(7)
        }

        fn announces_departure(&self) -> bool {
            true
        }

        async fn emit(&self, batch: Batch<'_>, _: Duration) -> SinkResult {
            lock(&self.emitted).push(batch.data.len());
            match batch.data {
                [_] => Ok(()),
                _ => Err(EmitError::Ambiguous("not one".into())),
            }
        }

        async fn finish(&self, last: Batch<'_>, _: Duration) {
            self.finished.store(last.data.is_empty(), Ordering::Relaxed);
        }

        fn begin_anew(&self) {
            self.finished.store(false, Ordering::Relaxed);
        }
    }

    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("nothing is waited for"),
        }
    }

    #[test]
    fn an_observer_sees_each_batch_once_with_its_answer_and_changes_nothing() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let sink = Observed::new(
            OneOnly::default(),
            move |batch: Batch<'_>, result: &SinkResult| {
                lock(&kept).push((batch.data.to_vec(), result.is_ok()));
            },
        );
        assert_eq!(sink.packing(), Packing::DOCUMENTS.at_most(7));
        assert!(sink.announces_departure());
        let data = [1, 2].map(|growth| Datum::count(MetricName::new("Done"), growth));
        let (dimensions, departure) = (DimensionSets::default(), Departure::default());
        let batch = |data| Batch {
            namespace: "test",
            dimensions: &dimensions,
            timestamp: SystemTime::UNIX_EPOCH,
            data,
            invocation: None,
            properties: Properties::NONE,
            departure: &departure,
        };
        let second = Duration::from_secs(1);
        assert!(now(sink.emit(batch(&data[..1]), second)).is_ok());
        let refused = now(sink.emit(batch(&data), second));
        assert!(matches!(refused, Err(EmitError::Ambiguous(_))));
        assert_eq!(
            *lock(&seen),
            [(data[..1].to_vec(), true), (data.to_vec(), false)]
        );
        assert_eq!(*lock(&sink.sink.emitted), [1, 2]);
        now(sink.finish(batch(&[]), second));
        assert!(sink.sink.finished.load(Ordering::Relaxed));
        assert_eq!(lock(&seen).len(), 2, "the end is no batch");
        sink.begin_anew();
        assert!(!sink.sink.finished.load(Ordering::Relaxed));
    }
}
