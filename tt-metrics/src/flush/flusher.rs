//! The flusher: takes the counts out of the buffer and sends them within the budget.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::{Duration, Instant, SystemTime},
};

use super::{
    Config, ConfigError,
    contributors::{Contributors, SentCounts},
    health::Health,
    pending::{PendingBatch, PendingBatches},
};
#[cfg(all(unix, feature = "lambda"))]
use crate::sink::emf;
use crate::{
    count::{
        buffer::{BUFFER, Buffer},
        gauge,
        open_calls::StillOpen,
        snapshot::Snapshot,
        sync::lock,
    },
    sink::{
        Configured, EmitError, Invocation, Properties, SendState, Sink, SinkKind, SinkResult,
        drop_invalid, property,
    },
};

/// The longest time that the watchdog, or a thread that ends the process, waits for standard output.
const LOG_WAIT: Duration = Duration::from_millis(100);

/// Sends what was counted. A flush never fails and never takes longer than its budget.
#[derive(Debug)]
pub struct Flusher<K = Configured> {
    pub(super) buffer: &'static Buffer,
    pub(super) config: Config,
    pub(super) sink: K,
    pub(super) health: Health,
    warm: AtomicBool,
    pub(super) contributors: Contributors,
    pub(super) pending: PendingBatches,
    pub(super) flushed_at: Mutex<Option<Instant>>,
}

/// Whether the process continues after a write to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// The process continues: open calls can end, and a running flush can finish.
    Normal,
    /// The process may end at any time: open calls count as interrupted, and a running flush may not finish.
    #[cfg_attr(
        not(feature = "lambda"),
        expect(dead_code, reason = "only the layer observes the end of the process")
    )]
    Final,
}

impl Flusher<Configured> {
    /// Reads the configuration from the environment and makes the sink that it names.
    ///
    /// # Errors
    ///
    /// When a variable of the environment is missing or has a value that cannot be used.
    pub async fn from_env() -> Result<Self, ConfigError> {
        let config = Config::from_env()?;
        let kind = if config.disabled {
            SinkKind::Emf
        } else {
            config.sink
        };
        let sink = Configured::new(kind).await;
        Ok(Self::new(config, sink))
    }
}

impl<K: Sink> Flusher<K> {
    /// Makes a flusher of everything that this process counts.
    pub fn new(config: Config, sink: K) -> Self {
        Self::with_buffer(&BUFFER, config, sink)
    }

    pub(crate) fn with_buffer(buffer: &'static Buffer, config: Config, sink: K) -> Self {
        Self {
            buffer,
            config,
            sink,
            health: Health::default(),
            warm: AtomicBool::new(false),
            contributors: Contributors::default(),
            pending: PendingBatches::default(),
            flushed_at: Mutex::new(None),
        }
    }

    /// Describes an invocation that begins now. The first one of the process is a cold start.
    pub fn invocation(&self, request_id: String) -> Invocation {
        let cold_start = !self.warm.swap(true, Ordering::Relaxed);
        if cold_start && self.config.cold_start_metric {
            self.health.cold_start.add(1);
        }
        Invocation {
            request_id,
            cold_start,
        }
    }

    /// Sends the growth of every metric since the last flush, zeros included.
    ///
    /// What neither the sink nor the log accepts is part of the next flush.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, unsent batches go back into the buffer, and a batch that was sent is treated as one
    /// without an answer.
    pub async fn flush(&self, invocation: Option<&Invocation>, budget: Duration) {
        self.flush_after(invocation, SentCounts::None, budget).await;
    }

    /// The same after an invocation. `sent` is whether counts were sent while it ran, so that it is not reported as empty.
    pub(crate) async fn flush_after(
        &self,
        invocation: Option<&Invocation>,
        sent: SentCounts,
        budget: Duration,
    ) {
        if self.config.disabled {
            return;
        }
        let (mut snapshot, invocation) = self.drain(invocation, Urgency::Normal);
        let is_empty = sent == SentCounts::None && snapshot.is_zero_except(&Health::NAMES);
        if let Some(invocation) = invocation.filter(|_| is_empty) {
            self.health.report_empty(self.config.on_empty, invocation);
            snapshot.extend(self.health.take());
        }
        let properties = property::take();
        self.send(snapshot, invocation.map(|it| (it, properties)), budget)
            .await;
    }

    /// Sends the growth of the metrics, and nothing when no metric moved: no invocation needs its zeros.
    #[cfg(feature = "lambda")]
    pub(crate) async fn flush_growth(&self) {
        if self.config.disabled {
            return;
        }
        let (snapshot, _) = self.drain(None, Urgency::Normal);
        if !snapshot.is_zero() {
            self.send(snapshot, None, Duration::MAX).await;
        }
    }

    /// Writes what was counted to the log in the embedded metric format, and nothing when no metric moved.
    pub fn flush_to_emf(&self, invocation: Option<&Invocation>) {
        self.write_out(invocation, Urgency::Normal);
    }

    /// The same, with the batches of other flushes that will not finish in time.
    pub(crate) fn write_out(&self, invocation: Option<&Invocation>, urgency: Urgency) {
        if self.config.disabled {
            return;
        }
        let until = Instant::now() + LOG_WAIT;
        self.reclaim(urgency, until);
        let (snapshot, invocation) = self.drain(invocation, urgency);
        if !snapshot.is_zero() {
            let invocation = invocation.map(|it| (it, property::current()));
            let (timestamp, data) = snapshot.into_parts();
            let batch = PendingBatch::new(timestamp, data, invocation, until);
            self.write_metrics(&batch, until);
        }
        #[cfg(all(unix, feature = "lambda"))]
        if urgency == Urgency::Final {
            emf::relay::forward(until);
        }
    }

    async fn send(
        &self,
        snapshot: Snapshot,
        invocation: Option<(&Invocation, Properties)>,
        budget: Duration,
    ) {
        let now = Instant::now();
        let flush_ends = now.checked_add(budget.min(self.config.flush_timeout));
        let (timestamp, data) = snapshot.into_parts();
        let frame = PendingBatch::new(timestamp, Vec::new(), invocation, flush_ends.unwrap_or(now));
        let packed = self.sink.packing().pack(data, frame.batch(&self.config));
        self.health.dropped.add(packed.dropped);
        let batches = frame.split(packed.batches);
        let running = RunningFlush {
            flusher: self,
            batches: batches.map(|batch| self.pending.insert(batch)).collect(),
        };
        for batch in &running.batches {
            let result = self.emit(batch).await;
            // A batch that is settled already was overdue, and another thread has decided about its counts.
            if batch.state.settle() != SendState::Settled {
                self.settle(batch, result);
            }
        }
    }

    /// Calls the sink once. A panic of the sink is an error as any other.
    async fn emit(&self, batch: &PendingBatch) -> SinkResult {
        if !self.sink.marks_sent() {
            batch.state.mark_sent();
        }
        let left = batch.time_left();
        let mut emit = pin!(async { self.sink.emit(batch.batch(&self.config), left).await });
        poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| emit.as_mut().poll(cx)));
            polled.unwrap_or_else(|_| {
                let error = "the sink panicked".into();
                Poll::Ready(Err(if batch.state.is_unsent() {
                    EmitError::NotAccepted(error)
                } else {
                    EmitError::Ambiguous(error)
                }))
            })
        })
        .await
    }

    /// Takes the counts out of the buffer. The invocation is returned only if all counts are from it.
    pub(super) fn drain<'a>(
        &self,
        invocation: Option<&'a Invocation>,
        urgency: Urgency,
    ) -> (Snapshot, Option<&'a Invocation>) {
        let request_id = invocation.map_or("", |invocation| &invocation.request_id);
        let still_open = match urgency {
            Urgency::Normal => StillOpen::Wait,
            Urgency::Final => StillOpen::Interrupt,
        };
        let (mut snapshot, is_sole_contributor) = self.contributors.drain_for(request_id, || {
            let snapshot = self.buffer.drain(SystemTime::now(), still_open);
            let sent = if snapshot.is_zero_except(&Health::NAMES) {
                SentCounts::None
            } else {
                SentCounts::Some
            };
            (snapshot, sent)
        });
        // Gauges belong to the process, so they are not part of the buffer of a capture.
        if std::ptr::eq(self.buffer, &raw const *BUFFER) {
            snapshot.extend(gauge::take());
        }
        let dropped = drop_invalid(snapshot.data_mut(), &self.config.dimensions);
        if let Some((number, violation)) = dropped {
            self.health.dropped.add(number);
            tracing::warn!(number, first = %violation, "metrics that CloudWatch would refuse were dropped");
        }
        snapshot.extend(self.health.take());
        snapshot.raise(self.config.resolution);
        *lock(&self.flushed_at) = Some(Instant::now());
        (snapshot, invocation.filter(|_| is_sole_contributor))
    }
}

/// The batches of a running flush. If the flush is dropped before its end, they are settled here.
struct RunningFlush<'a, K: Sink> {
    flusher: &'a Flusher<K>,
    batches: Vec<Arc<PendingBatch>>,
}

impl<K: Sink> Drop for RunningFlush<'_, K> {
    fn drop(&mut self) {
        for batch in &self.batches {
            self.flusher.pending.remove(batch);
            self.flusher.settle_dropped(batch);
        }
    }
}

#[cfg(test)]
mod tests;
