//! One flush: take the counts, send them within the budget, keep what was refused.

#[cfg(feature = "lambda")]
mod running;

#[cfg(all(test, feature = "lambda"))]
pub(crate) use running::Running;

use std::{
    error::Error,
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

use crate::{
    buffer::{BUFFER, Buffer},
    config::{Config, ConfigError},
    contributors::Contributors,
    health::Health,
    in_flight::{Flight, InFlight},
    open_calls::StillOpen,
    sink::{
        Batch, Configured, Delivery, EmitError, Invocation, Properties, Sink, SinkResult, Was, emf,
        property,
    },
    snapshot::Snapshot,
    sync::lock,
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
        let sink = Configured::new(&config).await;
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
        if self.config.disabled {
            return;
        }
        let (mut snapshot, invocation) = self.drain(invocation, Moment::Early);
        if let Some(invocation) = invocation.filter(|_| snapshot.counted_nothing()) {
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

    /// Decides what becomes of the counts that a sink has answered for.
    fn end(&self, flight: &Flight, result: SinkResult) {
        match result {
            Ok(()) => {}
            Err(EmitError::Ambiguous(error)) if self.config.delivery == Delivery::AtMostOnce => {
                self.health.ambiguous.add(1);
                tracing::warn!(
                    error = chain(&*error),
                    "CloudWatch may or may not have these counts, they are not sent again"
                );
            }
            Err(EmitError::NotAccepted(error) | EmitError::Ambiguous(error)) => {
                if self.write(flight) {
                    self.health.fell_back.add(1);
                    tracing::warn!(
                        error = chain(&*error),
                        "metrics were written to the log instead"
                    );
                } else {
                    tracing::error!(error = chain(&*error), "metrics could not be sent");
                }
            }
        }
    }

    /// Decides what becomes of counts whose flush was not finished.
    fn abandon(&self, flight: &Flight, was: Was, save: impl FnOnce(&Self, &Flight)) {
        if was == Was::Gone && self.config.delivery == Delivery::AtMostOnce {
            self.health.ambiguous.add(1);
        } else {
            save(self, flight);
        }
    }

    /// Writes what flushes have taken and will not finish in time.
    fn reclaim(&self, moment: Moment) {
        let now = (moment == Moment::Early).then(Instant::now);
        for (flight, was) in self.in_flight.reclaim(now) {
            self.abandon(&flight, was, |flusher, flight| {
                flusher.write(flight);
            });
        }
    }

    /// Writes counts to the log; what cannot be written goes with the next flush.
    fn write(&self, flight: &Flight) -> bool {
        let Err(error) = emf::write(self.batch(flight), emf::Line::New) else {
            return true;
        };
        self.put_back(flight);
        self.health.failed.add(1);
        tracing::error!(
            error = chain(&error),
            "metrics could not be written, they stay for the next flush"
        );
        false
    }

    fn put_back(&self, flight: &Flight) {
        self.buffer.put_back(&flight.data);
        self.contributors.mix();
    }

    /// Takes the counts; the invocation is named only if all of them are from it.
    fn drain<'a>(
        &self,
        invocation: Option<&'a Invocation>,
        moment: Moment,
    ) -> (Snapshot, Option<&'a Invocation>) {
        let request_id = invocation.map_or("", |invocation| &invocation.request_id);
        let alone = self.contributors.drained(request_id);
        let still_open = match moment {
            Moment::Early => StillOpen::Wait,
            Moment::Last => StillOpen::Interrupt,
        };
        let mut snapshot = self.buffer.drain(SystemTime::now(), still_open);
        if let Some((number, violation)) = snapshot.admit(&self.config.dimensions) {
            self.health.dropped.add(number);
            tracing::warn!(number, first = %violation, "metrics that CloudWatch would refuse were dropped");
        }
        snapshot.extend(self.health.take());
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

/// The batches of one flush; what it has not finished when it is dropped is not forgotten.
struct Boarded<'a, K: Sink> {
    flusher: &'a Flusher<K>,
    flights: Vec<Arc<Flight>>,
}

impl<K: Sink> Drop for Boarded<'_, K> {
    fn drop(&mut self) {
        for flight in &self.flights {
            self.flusher.in_flight.leave(flight);
            if let Some(was) = flight.departure.settle() {
                self.flusher.abandon(flight, was, Flusher::put_back);
            }
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
mod tests;
