//! Two sinks at once, each with its own account of what it was not able to send.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use super::{Batch, Datum, Delivery, Departure, EmitError, Packing, Sink};
use crate::sync::lock;

/// Sends everything to two sinks at once.
///
/// Each keeps what it certainly did not accept for its own next flush, so neither loses or doubles a count because of the
/// other; what may have arrived is treated by the [`Delivery`] given. To the flusher a tee always accepts, so nothing
/// falls back to the log: name [`Emf`](super::Emf) as one of the two for that. What is still kept when the process ends
/// is lost; [`Tee::unsent`] says how much that would be.
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
        let mut first = pin!(self.first.emit(batch, budget));
        let mut second = pin!(self.second.emit(batch, budget));
        let mut open = (true, true);
        poll_fn(|cx| {
            open.0 = open.0 && first.as_mut().poll(cx).is_pending();
            open.1 = open.1 && second.as_mut().poll(cx).is_pending();
            if open == (false, false) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        Ok(())
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

    async fn emit(&self, batch: Batch<'_>, budget: Duration) {
        let until = Instant::now().checked_add(budget);
        let mut data = std::mem::take(&mut *lock(&self.kept));
        for datum in batch.data {
            Datum::merge_newer(&mut data, datum.clone());
        }
        let frame = Batch { data: &[], ..batch };
        let mut unsent = Unsent {
            kept: &self.kept,
            batches: self.sink.packing().pack(data, frame).batches.into(),
        };
        while let Some(data) = unsent.batches.pop_front() {
            let departure = Departure::default();
            let batch = Batch {
                data: &data,
                departure: &departure,
                ..batch
            };
            let left = until.map_or(budget, |until| {
                until.saturating_duration_since(Instant::now())
            });
            match self.sink.emit(batch, left).await {
                Ok(()) => {}
                Err(EmitError::Ambiguous(error)) if self.delivery == Delivery::AtMostOnce => {
                    self.given_up.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(%error, "one of two sinks may or may not have these counts");
                }
                Err(EmitError::NotAccepted(error) | EmitError::Ambiguous(error)) => {
                    keep(&self.kept, data);
                    tracing::warn!(%error, "one of two sinks keeps its counts for the next flush");
                }
            }
        }
    }
}

fn keep(kept: &Mutex<Vec<Datum>>, data: Vec<Datum>) {
    let mut kept = lock(kept);
    for datum in data.into_iter().filter(|datum| !datum.value.is_zero()) {
        Datum::merge_older(&mut kept, datum);
    }
}

/// What a leg has not sent yet; it is kept when the flush is dropped.
struct Unsent<'a> {
    kept: &'a Mutex<Vec<Datum>>,
    batches: VecDeque<Vec<Datum>>,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        for data in self.batches.drain(..) {
            keep(self.kept, data);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        task::{Context, Waker},
        time::SystemTime,
    };

    use super::*;
    use crate::{
        MetricName,
        sink::{CaptureSink, DimensionSets, Properties},
    };

    const DONE: MetricName = MetricName::new("Done");

    /// Fails in its first flush.
    #[derive(Debug)]
    struct Failing {
        error: Mutex<Option<EmitError>>,
        accepted: CaptureSink,
    }

    impl Sink for Failing {
        async fn emit(&self, batch: Batch<'_>, budget: Duration) -> Result<(), EmitError> {
            let error = lock(&self.error).take();
            match error {
                Some(error) => Err(error),
                None => self.accepted.emit(batch, budget).await,
            }
        }
    }

    fn tee(error: EmitError, delivery: Delivery) -> Tee<Failing, CaptureSink> {
        let failing = Failing {
            error: Mutex::new(Some(error)),
            accepted: CaptureSink::new(),
        };
        Tee::new(failing, CaptureSink::new(), delivery)
    }

    fn flush<A: Sink, B: Sink>(tee: &Tee<A, B>, growth: u64) {
        let batch = Batch {
            namespace: "test",
            dimensions: &DimensionSets::default(),
            timestamp: SystemTime::UNIX_EPOCH,
            data: &[Datum::count(DONE, growth)],
            invocation: None,
            properties: Properties::NONE,
            departure: &Departure::default(),
        };
        let mut emit = pin!(tee.emit(batch, Duration::from_secs(1)));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(emit.as_mut().poll(&mut cx), Poll::Ready(Ok(()))));
    }

    fn totals(tee: &Tee<Failing, CaptureSink>) -> [Option<u64>; 2] {
        let total = |sink: &CaptureSink| sink.totals().get("Done").copied();
        [total(&tee.first.sink.accepted), total(&tee.second.sink)]
    }

    #[test]
    fn what_one_sink_refuses_is_sent_to_it_again_and_not_to_the_other() {
        let tee = tee(EmitError::NotAccepted("full".into()), Delivery::AtMostOnce);
        flush(&tee, 5);
        assert_eq!((totals(&tee), tee.unsent()), ([None, Some(5)], [1, 0]));
        flush(&tee, 2);
        assert_eq!((totals(&tee), tee.unsent()), ([Some(7), Some(7)], [0, 0]));
    }

    #[test]
    fn what_may_have_arrived_is_given_up_or_sent_again_as_the_delivery_says() {
        for (delivery, total, given_up) in
            [(Delivery::AtMostOnce, 2, 1), (Delivery::AtLeastOnce, 7, 0)]
        {
            let tee = tee(EmitError::Ambiguous("reset".into()), delivery);
            flush(&tee, 5);
            flush(&tee, 2);
            assert_eq!(totals(&tee), [Some(total), Some(7)]);
            assert_eq!(tee.given_up(), [given_up, 0]);
        }
    }
}
