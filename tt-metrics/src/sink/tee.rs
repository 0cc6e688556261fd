//! Two sinks at once, each with its own account of what it was not able to send.

use std::{
    collections::VecDeque,
    error::Error,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use super::{Batch, Datum, Delivery, Departure, EmitError, Packing, Partial, Sink, SinkResult};
use crate::count::sync::lock;

/// Sends everything to two sinks at once.
///
/// Each keeps what it certainly did not accept for its own next flush, so neither loses or doubles a count because of the
/// other; what may have arrived is treated by the [`Delivery`] given. To the flusher a tee always accepts, so nothing
/// falls back to the log: name [`Emf`](super::Emf) as one of the two for that. What is kept when SIGTERM arrives, or
/// when a panic aborts, is sent then, within 200 ms; what is kept when a snapshot is taken (`SnapStart`) is sent before it,
/// and not by its copies. What is kept when the process ends otherwise is lost, and [`Tee::unsent`] says how much that
/// would be. A datum that one of them cannot carry is counted as `MetricsDropped`, once for each.
///
/// ```
/// use tt_metrics::sink::{CaptureSink, Delivery, Emf, Tee};
///
/// let tee = Tee::new(Emf::default(), CaptureSink::new(), Delivery::AtMostOnce);
/// assert_eq!(tee.unsent(), [0, 0]);
/// ```
#[derive(Debug)]
pub struct Tee<A, B> {
    first: Leg<A>,
    second: Leg<B>,
}

#[derive(Debug)]
struct Leg<K> {
    sink: K,
    delivery: Delivery,
    kept: Mutex<Vec<Datum>>,
    given_up: AtomicU64,
}

impl<A: Sink, B: Sink> Tee<A, B> {
    /// Sends to both.
    pub fn new(first: A, second: B, delivery: Delivery) -> Self {
        Self {
            first: Leg::new(first, delivery),
            second: Leg::new(second, delivery),
        }
    }

    /// The number of data that each keeps for its next flush.
    #[must_use]
    pub fn unsent(&self) -> [usize; 2] {
        [lock(&self.first.kept).len(), lock(&self.second.kept).len()]
    }

    /// The number of batches that each gave up, since they may have arrived.
    #[must_use]
    pub fn given_up(&self) -> [u64; 2] {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        [load(&self.first.given_up), load(&self.second.given_up)]
    }
}

impl<A: Sink, B: Sink> Sink for Tee<A, B> {
    /// Each leg packs for itself.
    fn packing(&self) -> Packing {
        Packing::WHOLE
    }

    async fn emit(&self, batch: Batch<'_>, budget: Duration) -> Result<(), EmitError> {
        let first = self.first.emit(batch, budget);
        let (first, second) = both(first, self.second.emit(batch, budget)).await;
        if first + second == 0 {
            return Ok(());
        }
        let mut partial = Partial::new("one of two sinks cannot carry these metrics");
        partial.dropped = first + second;
        Err(EmitError::Partial(Box::new(partial)))
    }

    async fn finish(&self, last: Batch<'_>, budget: Duration) {
        let first = self.first.finish(last, budget);
        both(first, self.second.finish(last, budget)).await;
    }

    fn begin_anew(&self) {
        self.first.begin_anew();
        self.second.begin_anew();
    }
}

/// Waits for both.
async fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|cx| {
        if first.is_none() {
            first = ready_of(one.as_mut().poll(cx));
        }
        if second.is_none() {
            second = ready_of(other.as_mut().poll(cx));
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            open => {
                (first, second) = open;
                Poll::Pending
            }
        }
    })
    .await
}

fn ready_of<T>(polled: Poll<T>) -> Option<T> {
    match polled {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

impl<K: Sink> Leg<K> {
    fn new(sink: K, delivery: Delivery) -> Self {
        Self {
            sink,
            delivery,
            kept: Mutex::default(),
            given_up: AtomicU64::new(0),
        }
    }

    /// Sends what is kept and what is new; says how many data were dropped.
    async fn emit(&self, batch: Batch<'_>, budget: Duration) -> u64 {
        let until = Instant::now().checked_add(budget);
        let mut data = std::mem::take(&mut *lock(&self.kept));
        for datum in batch.data {
            Datum::merge_newer(&mut data, datum.clone());
        }
        let frame = Batch { data: &[], ..batch };
        let packed = self.sink.packing().pack(data, frame);
        let mut dropped = packed.dropped;
        let mut unsent = Unsent {
            leg: self,
            batches: packed.batches.into(),
            sending: None,
        };
        while let Some(data) = unsent.batches.front() {
            let departure = Departure::default();
            if !self.sink.announces_departure() {
                departure.leave();
            }
            unsent.sending = Some(departure.clone());
            let batch = Batch {
                data,
                departure: &departure,
                ..batch
            };
            let left = until.map_or(budget, |until| {
                until.saturating_duration_since(Instant::now())
            });
            let result = self.sink.emit(batch, left).await;
            unsent.sending = None;
            let data = unsent.batches.pop_front().unwrap_or_default();
            dropped += self.end(data, result);
        }
        dropped
    }

    /// Decides what becomes of what the sink has answered for; says how many data were dropped.
    fn end(&self, data: Vec<Datum>, result: SinkResult) -> u64 {
        match result {
            Ok(()) => return 0,
            Err(EmitError::NotAccepted(error)) => self.keep(data, &*error),
            Err(EmitError::Ambiguous(error)) => self.doubt(data, &*error),
            Err(EmitError::Partial(partial)) => {
                if !partial.ambiguous.is_empty() {
                    self.doubt(partial.ambiguous, &*partial.source);
                }
                if !partial.not_accepted.is_empty() {
                    self.keep(partial.not_accepted, &*partial.source);
                }
                return partial.dropped;
            }
        }
        0
    }

    fn doubt(&self, data: Vec<Datum>, error: &(dyn Error + 'static)) {
        if self.delivery == Delivery::AtLeastOnce {
            return self.keep(data, error);
        }
        self.given_up.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(error, "one of two sinks may or may not have these counts");
    }

    fn keep(&self, data: Vec<Datum>, error: &(dyn Error + 'static)) {
        keep(&self.kept, data);
        tracing::warn!(
            error,
            "one of two sinks keeps its counts for the next flush"
        );
    }

    async fn finish(&self, last: Batch<'_>, budget: Duration) {
        let began = Instant::now();
        if !lock(&self.kept).is_empty() {
            self.emit(last, budget).await;
        }
        let left = budget.saturating_sub(began.elapsed());
        self.sink.finish(last, left).await;
    }

    fn begin_anew(&self) {
        let lost = std::mem::take(&mut *lock(&self.kept));
        if !lost.is_empty() {
            let data = lost.len();
            tracing::warn!(
                data,
                "what one of two sinks did not take before the snapshot is not sent by its copies"
            );
        }
        self.sink.begin_anew();
    }
}

fn keep(kept: &Mutex<Vec<Datum>>, data: Vec<Datum>) {
    let mut kept = lock(kept);
    for datum in data.into_iter().filter(|datum| !datum.value.is_zero()) {
        Datum::merge_older(&mut kept, datum);
    }
}

/// What a leg has not sent yet; it is kept when the flush is dropped.
struct Unsent<'a, K: Sink> {
    leg: &'a Leg<K>,
    batches: VecDeque<Vec<Datum>>,
    /// Of the first one, while it is with the sink.
    sending: Option<Departure>,
}

impl<K: Sink> Drop for Unsent<'_, K> {
    fn drop(&mut self) {
        let is_gone = self.sending.take().is_some_and(|it| !it.settle_held());
        if is_gone && self.leg.delivery == Delivery::AtMostOnce {
            self.batches.pop_front();
            self.leg.given_up.fetch_add(1, Ordering::Relaxed);
        }
        for data in self.batches.drain(..) {
            keep(&self.leg.kept, data);
        }
    }
}

#[cfg(test)]
mod tests;
