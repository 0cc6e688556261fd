//! One flush: take the counts, send them within the budget, keep what was refused.

use std::{
    error::Error,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime},
};

use crate::{
    buffer::{BUFFER, Buffer},
    config::{Config, ConfigError},
    health::Health,
    sink::{Batch, Configured, Datum, Delivery, EmitError, Invocation, Sink, emf},
    snapshot::Snapshot,
};

/// Sends what was counted; it never fails and never takes longer than its budget.
#[derive(Debug)]
pub struct Flusher<K = Configured> {
    buffer: &'static Buffer,
    config: Config,
    sink: K,
    health: Health,
    warm: AtomicBool,
}

impl Flusher<Configured> {
    /// Reads the configuration and makes the sink it names.
    ///
    /// # Errors
    ///
    /// When a variable of the environment is missing or cannot be used.
    pub async fn from_env() -> Result<Self, ConfigError> {
        let config = Config::from_env()?;
        let sink = Configured::new(&config).await;
        Ok(Self::new(config, sink))
    }
}

impl<K: Sink> Flusher<K> {
    /// A flusher of everything that this process counts.
    pub fn new(config: Config, sink: K) -> Self {
        Self::over(&BUFFER, config, sink)
    }

    fn over(buffer: &'static Buffer, config: Config, sink: K) -> Self {
        Self {
            buffer,
            config,
            sink,
            health: Health::default(),
            warm: AtomicBool::new(false),
        }
    }

    /// What to say about an invocation that begins now.
    pub fn invocation(&self, request_id: String) -> Invocation {
        Invocation {
            request_id,
            cold_start: !self.warm.swap(true, Ordering::Relaxed),
        }
    }

    /// Sends the growth of every metric since the last flush, zeros included.
    ///
    /// What no sink accepted stays and goes with the next flush.
    ///
    /// # Cancel safety
    ///
    /// Dropped before a batch was sent, its counts stay. Dropped while one is on its way, that batch is given up,
    /// since it may have arrived.
    pub async fn flush(&self, invocation: Option<&Invocation>, budget: Duration) {
        if self.config.disabled {
            return;
        }
        let until = Instant::now() + budget.min(self.config.flush_timeout);
        let snapshot = self.drain();
        let mut unsent = Unsent {
            buffer: self.buffer,
            snapshot: &snapshot,
            first: 0,
        };
        for data in snapshot.data().chunks(self.sink.max_metrics().max(1)) {
            unsent.first += data.len();
            let batch = self.batch(&snapshot, data, invocation);
            let left = until.saturating_duration_since(Instant::now());
            match self.sink.emit(batch, left).await {
                Ok(()) => {}
                Err(EmitError::Ambiguous(error))
                    if self.config.delivery == Delivery::AtMostOnce =>
                {
                    self.health.ambiguous.add(1);
                    tracing::warn!(
                        error = chain(&*error),
                        "CloudWatch may or may not have these counts, they are not sent again"
                    );
                }
                Err(EmitError::NotAccepted(error) | EmitError::Ambiguous(error)) => {
                    self.fall_back(batch, &*error);
                }
            }
        }
    }

    /// Writes what was counted as embedded metric format, waiting for nothing but standard output.
    ///
    /// Writes nothing when no metric moved.
    pub fn flush_to_emf(&self, invocation: Option<&Invocation>) {
        if self.config.disabled {
            return;
        }
        let snapshot = self.drain();
        if snapshot.is_zero() {
            return;
        }
        if let Err(error) = emf::write(self.batch(&snapshot, snapshot.data(), invocation)) {
            self.buffer.put_back(snapshot.data());
            self.health.failed.add(1);
            tracing::error!(error = chain(&error), "metrics could not be written");
        }
    }

    /// Counts that an invocation came close to its deadline.
    #[cfg(feature = "lambda")]
    pub(crate) fn deadline_is_near(&self) {
        self.health.timeout_imminent.add(1);
    }

    #[cold]
    fn fall_back(&self, batch: Batch<'_>, error: &(dyn Error + 'static)) {
        match emf::write(batch) {
            Ok(()) => {
                self.health.fell_back.add(1);
                tracing::warn!(
                    error = chain(error),
                    "metrics were written to the log instead"
                );
            }
            Err(second) => {
                self.buffer.put_back(batch.data);
                self.health.failed.add(1);
                tracing::error!(
                    error = chain(error),
                    fallback = chain(&second),
                    "metrics could not be sent, they stay for the next flush"
                );
            }
        }
    }

    fn drain(&self) -> Snapshot {
        let mut snapshot = self.buffer.drain(SystemTime::now());
        snapshot.extend(self.health.take());
        snapshot
    }

    fn batch<'a>(
        &'a self,
        snapshot: &Snapshot,
        data: &'a [Datum],
        invocation: Option<&'a Invocation>,
    ) -> Batch<'a> {
        Batch {
            namespace: &self.config.namespace,
            dimensions: &self.config.dimensions,
            timestamp: snapshot.at(),
            data,
            invocation,
        }
    }
}

/// The part of a snapshot that no sink has seen; it goes back when a flush ends early.
struct Unsent<'a> {
    buffer: &'a Buffer,
    snapshot: &'a Snapshot,
    first: usize,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        if let Some(rest) = self.snapshot.data().get(self.first..) {
            self.buffer.put_back(rest);
        }
    }
}

/// An error with all its causes: the top alone seldom tells.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        sync::Mutex,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::{
        declaration::Declaration,
        metric::MetricName,
        sink::{CaptureSink, SinkResult, Value},
        site::{Kind, Site},
        sync::lock,
    };

    const DONE: MetricName = MetricName::new("Done");
    const FAILED: MetricName = MetricName::new("Failed");
    const DECLARATION: Declaration = Declaration {
        success: Some(DONE),
        failure: Some(FAILED),
        ..Declaration::new("f", "f.rs", 1, "")
    };
    static SITE: [Site; 1] = [Site::new(&DECLARATION, &[])];

    /// Answers from a list, then accepts into a capture sink; one metric a batch.
    #[derive(Debug, Default)]
    struct Scripted {
        answers: Mutex<VecDeque<SinkResult>>,
        accepted: CaptureSink,
    }

    impl Sink for Scripted {
        fn max_metrics(&self) -> usize {
            1
        }

        async fn emit(&self, batch: Batch<'_>, budget: Duration) -> Result<(), EmitError> {
            let answer = lock(&self.answers).pop_front();
            match answer {
                Some(Err(error)) => Err(error),
                Some(Ok(())) | None => self.accepted.emit(batch, budget).await,
            }
        }
    }

    fn flusher(delivery: Delivery, answers: Vec<SinkResult>) -> Flusher<Scripted> {
        let buffer = Box::leak(Box::new(Buffer::new(|| &SITE)));
        let config = Config {
            namespace: "test".to_owned(),
            sink: crate::SinkKind::Emf,
            dimensions: Vec::new(),
            delivery,
            flush_timeout: Duration::from_secs(1),
            disabled: false,
        };
        let sink = Scripted {
            answers: Mutex::new(answers.into()),
            ..Scripted::default()
        };
        Flusher::over(buffer, config, sink)
    }

    fn flush(flusher: &Flusher<Scripted>) {
        let future = std::pin::pin!(flusher.flush(None, Duration::from_secs(1)));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(future.poll(&mut cx), Poll::Ready(()));
    }

    #[test]
    fn every_metric_is_sent_in_every_flush() {
        let flusher = flusher(Delivery::AtMostOnce, Vec::new());
        flusher.buffer.claim()[0].add(Kind::Success, 5);
        flush(&flusher);
        flush(&flusher);
        let batches = flusher.sink.accepted.batches();
        let sent: Vec<&Value> = batches.iter().map(|batch| &batch[0].value).collect();
        assert_eq!(sent, [5, 0, 0, 0].map(Value::Count).each_ref());
    }

    #[test]
    fn an_unknown_fate_is_not_sent_again_and_is_counted() {
        let flusher = flusher(
            Delivery::AtMostOnce,
            vec![Err(EmitError::Ambiguous("reset".into()))],
        );
        flusher.buffer.claim()[0].add(Kind::Success, 5);
        flush(&flusher);
        flush(&flusher);
        let totals = flusher.sink.accepted.totals();
        assert_eq!(totals.get("Done"), Some(&0));
        assert_eq!(totals.get("FlushAmbiguous"), Some(&1));
    }

    #[test]
    fn a_flush_dropped_on_the_way_keeps_what_was_not_sent() {
        #[derive(Debug)]
        struct Hanging;
        impl Sink for Hanging {
            fn max_metrics(&self) -> usize {
                1
            }
            async fn emit(&self, _: Batch<'_>, _: Duration) -> Result<(), EmitError> {
                std::future::pending().await
            }
        }
        let template = flusher(Delivery::AtMostOnce, Vec::new());
        let flusher = Flusher::over(template.buffer, template.config, Hanging);
        flusher.buffer.claim()[0].add(Kind::Success, 5);
        flusher.buffer.claim()[0].add(Kind::Failure, 2);
        {
            let future = std::pin::pin!(flusher.flush(None, Duration::from_secs(1)));
            let mut cx = Context::from_waker(Waker::noop());
            assert_eq!(future.poll(&mut cx), Poll::Pending);
        }
        let kept = flusher.buffer.drain(SystemTime::now());
        assert_eq!((kept.get(DONE), kept.get(FAILED)), (0, 2));
    }
}
