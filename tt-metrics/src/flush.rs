//! One flush: take the counts, send them within the budget, keep what was refused.

mod config;
mod contributors;
mod fate;
mod health;
mod in_flight;
#[cfg(feature = "lambda")]
mod running;

#[cfg(all(test, feature = "lambda"))]
pub(crate) use running::Running;

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::{Duration, Instant, SystemTime},
};

pub use config::{Config, ConfigError};
pub(crate) use contributors::Told;
pub use health::OnEmpty;

use contributors::Contributors;
use fate::Boarded;
use health::Health;
use in_flight::{Flight, InFlight};

use crate::{
    count::{
        buffer::{BUFFER, Buffer},
        gauge,
        open_calls::StillOpen,
        snapshot::Snapshot,
        sync::lock,
    },
    sink::{
        Batch, Configured, EmitError, Invocation, Properties, Sink, SinkKind, SinkResult, admit,
        property,
    },
};

/// Sends what was counted; it never fails and never takes longer than its budget.
#[derive(Debug)]
pub struct Flusher<K = Configured> {
    buffer: &'static Buffer,
    config: Config,
    sink: K,
    health: Health,
    warm: AtomicBool,
    contributors: Contributors,
    in_flight: InFlight,
    flushed_at: Mutex<Option<Instant>>,
}

/// How much time is left for what is written to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Enough for a flush that is on its way.
    Early,
    /// None: what nobody writes now is lost, and what has not ended is interrupted.
    #[cfg_attr(
        not(feature = "lambda"),
        expect(dead_code, reason = "only the layer knows of such moments")
    )]
    Last,
}

impl Flusher<Configured> {
    /// Reads the configuration and makes the sink it names.
    ///
    /// # Errors
    ///
    /// When a variable of the environment is missing or cannot be used.
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
    /// A flusher of everything that this process counts.
    pub fn new(config: Config, sink: K) -> Self {
        Self::over(&BUFFER, config, sink)
    }

    pub(crate) fn over(buffer: &'static Buffer, config: Config, sink: K) -> Self {
        Self {
            buffer,
            config,
            sink,
            health: Health::default(),
            warm: AtomicBool::new(false),
            contributors: Contributors::default(),
            in_flight: InFlight::default(),
            flushed_at: Mutex::new(None),
        }
    }

    /// What to say about an invocation that begins now.
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
    /// What no sink accepted stays and goes with the next flush.
    ///
    /// # Cancel safety
    ///
    /// Dropped before a batch has left, its counts stay. Dropped while one is on its way, that batch is treated as one
    /// without an answer.
    pub async fn flush(&self, invocation: Option<&Invocation>, budget: Duration) {
        self.flush_after(invocation, Told::Nothing, budget).await;
    }

    /// The same after an invocation of which counts may have been sent before.
    pub(crate) async fn flush_after(
        &self,
        invocation: Option<&Invocation>,
        told: Told,
        budget: Duration,
    ) {
        if self.config.disabled {
            return;
        }
        let (mut snapshot, invocation) = self.drain(invocation, Moment::Early);
        let silent = told == Told::Nothing && snapshot.is_zero_except(&Health::NAMES);
        if let Some(invocation) = invocation.filter(|_| silent) {
            self.health.found_empty(self.config.on_empty, invocation);
            snapshot.extend(self.health.take());
        }
        let properties = property::take();
        self.send(snapshot, invocation.map(|it| (it, properties)), budget)
            .await;
    }

    /// The same where no invocation needs its zeros: sends nothing when no metric moved.
    #[cfg(feature = "lambda")]
    pub(crate) async fn flush_what_moved(&self) {
        if self.config.disabled {
            return;
        }
        let (snapshot, _) = self.drain(None, Moment::Early);
        if !snapshot.is_zero() {
            self.send(snapshot, None, Duration::MAX).await;
        }
    }

    /// Writes what was counted as embedded metric format, waiting for nothing but standard output.
    ///
    /// Writes nothing when no metric moved.
    pub fn flush_to_emf(&self, invocation: Option<&Invocation>) {
        self.write_out(invocation, Moment::Early);
    }

    /// The same, and what a flush has taken that will not be over in time.
    pub(crate) fn write_out(&self, invocation: Option<&Invocation>, moment: Moment) {
        if self.config.disabled {
            return;
        }
        self.reclaim(moment);
        let (snapshot, invocation) = self.drain(invocation, moment);
        if snapshot.is_zero() {
            return;
        }
        let about = invocation.map(|it| (it, property::current()));
        let (at, data) = snapshot.into_parts();
        self.write(&Flight::new(at, data, about.as_ref(), Instant::now()));
    }

    async fn send(
        &self,
        snapshot: Snapshot,
        about: Option<(&Invocation, Properties)>,
        budget: Duration,
    ) {
        let now = Instant::now();
        let until = now.checked_add(budget.min(self.config.flush_timeout));
        let until = until.unwrap_or(now);
        let (at, data) = snapshot.into_parts();
        let frame = Flight::new(at, Vec::new(), about.as_ref(), until);
        let packed = self.sink.packing().pack(data, self.batch(&frame));
        self.health.dropped.add(packed.dropped);
        let flights = packed.batches.into_iter().map(|data| {
            let flight = Flight::new(at, data, about.as_ref(), until);
            self.in_flight.board(flight)
        });
        let boarded = Boarded {
            flusher: self,
            flights: flights.collect(),
        };
        for flight in &boarded.flights {
            let result = self.emit(flight).await;
            // `None`: another thread found it late, and has written it to the log.
            if flight.departure.settle().is_some() {
                self.end(flight, result);
            }
        }
    }

    /// One call of the sink; its panic is an error like others.
    async fn emit(&self, flight: &Flight) -> SinkResult {
        if !self.sink.announces_departure() {
            flight.departure.leave();
        }
        let left = flight.until.saturating_duration_since(Instant::now());
        let mut emit = pin!(async { self.sink.emit(self.batch(flight), left).await });
        poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| emit.as_mut().poll(cx)));
            polled.unwrap_or_else(|_| {
                let error = "the sink panicked".into();
                Poll::Ready(Err(if flight.departure.is_held() {
                    EmitError::NotAccepted(error)
                } else {
                    EmitError::Ambiguous(error)
                }))
            })
        })
        .await
    }

    /// Takes the counts; the invocation is named only if all of them are from it.
    fn drain<'a>(
        &self,
        invocation: Option<&'a Invocation>,
        moment: Moment,
    ) -> (Snapshot, Option<&'a Invocation>) {
        let request_id = invocation.map_or("", |invocation| &invocation.request_id);
        let still_open = match moment {
            Moment::Early => StillOpen::Wait,
            Moment::Last => StillOpen::Interrupt,
        };
        let (mut snapshot, alone) = self.contributors.drained(request_id, || {
            let snapshot = self.buffer.drain(SystemTime::now(), still_open);
            let told = if snapshot.is_zero_except(&Health::NAMES) {
                Told::Nothing
            } else {
                Told::Something
            };
            (snapshot, told)
        });
        // What a capture's flusher sends is its own.
        if std::ptr::eq(self.buffer, &raw const *BUFFER) {
            snapshot.extend(gauge::take());
        }
        if let Some((number, violation)) = admit(snapshot.data_mut(), &self.config.dimensions) {
            self.health.dropped.add(number);
            tracing::warn!(number, first = %violation, "metrics that CloudWatch would refuse were dropped");
        }
        snapshot.extend(self.health.take());
        snapshot.raise(self.config.resolution);
        *lock(&self.flushed_at) = Some(Instant::now());
        (snapshot, invocation.filter(|_| alone))
    }

    fn batch<'a>(&'a self, flight: &'a Flight) -> Batch<'a> {
        Batch {
            namespace: &self.config.namespace,
            dimensions: &self.config.dimensions,
            timestamp: flight.at,
            data: &flight.data,
            invocation: flight.invocation.as_ref(),
            properties: &flight.properties,
            departure: &flight.departure,
        }
    }
}

#[cfg(test)]
mod tests;
