//! What becomes of counts that a sink has answered for, or never will.

use std::{error::Error, sync::Arc, time::Instant};

use super::{Flusher, Moment};
use crate::{
    flush::in_flight::Flight,
    metric::Datum,
    sink::{Delivery, EmitError, Partial, Sink, SinkResult, Was, emf},
};

impl<K: Sink> Flusher<K> {
    /// Decides what becomes of the counts that a sink has answered for.
    pub(super) fn end(&self, flight: &Flight, result: SinkResult) {
        let Err(error) = result else {
            return;
        };
        match error {
            EmitError::NotAccepted(error) => self.fall_back(flight, &*error),
            EmitError::Ambiguous(error) => self.doubt(flight, &*error),
            EmitError::Partial(partial) => {
                let Partial {
                    not_accepted,
                    ambiguous,
                    dropped,
                    source,
                } = *partial;
                if dropped > 0 {
                    self.health.dropped.add(dropped);
                    tracing::warn!(
                        dropped,
                        error = chain(&*source),
                        "metrics were dropped, others of their flush were not"
                    );
                }
                if !ambiguous.is_empty() {
                    self.doubt(&flight.with(ambiguous), &*source);
                }
                if !not_accepted.is_empty() {
                    self.fall_back(&flight.with(not_accepted), &*source);
                }
            }
        }
    }

    fn doubt(&self, flight: &Flight, error: &(dyn Error + 'static)) {
        if self.config.delivery == Delivery::AtLeastOnce {
            return self.fall_back(flight, error);
        }
        self.health.ambiguous.add(1);
        tracing::warn!(
            error = chain(error),
            "CloudWatch may or may not have these counts, they are not sent again"
        );
    }

    fn fall_back(&self, flight: &Flight, error: &(dyn Error + 'static)) {
        let error = chain(error);
        if self.write(flight) {
            self.health.fell_back.add(1);
            tracing::warn!(error, "metrics were written to the log instead");
        } else {
            tracing::error!(error, "metrics could not be sent");
        }
    }

    /// Decides what becomes of counts whose flush was not finished.
    pub(super) fn abandon(&self, flight: &Flight, was: Was, save: impl FnOnce(&Self, &Flight)) {
        if was == Was::Gone && self.config.delivery == Delivery::AtMostOnce {
            self.health.ambiguous.add(1);
        } else {
            save(self, flight);
        }
    }

    /// Writes what flushes have taken and will not finish in time.
    pub(super) fn reclaim(&self, moment: Moment) {
        let now = (moment == Moment::Early).then(Instant::now);
        for (flight, was) in self.in_flight.reclaim(now) {
            self.abandon(&flight, was, |flusher, flight| {
                if flusher.write(flight) {
                    flusher.health.fell_back.add(1);
                }
            });
        }
    }

    /// Writes counts to the log; says whether all that documents can carry are there.
    pub(super) fn write(&self, flight: &Flight) -> bool {
        self.wrote(emf::write(self.batch(flight), emf::Line::New))
    }

    /// What is certainly not in the log goes with the next flush.
    pub(super) fn wrote(&self, result: Result<(), Box<Partial>>) -> bool {
        let Err(partial) = result else {
            return true;
        };
        let error = chain(&*partial.source);
        self.health.dropped.add(partial.dropped);
        if partial.not_accepted.is_empty() {
            tracing::warn!(dropped = partial.dropped, error, "metrics were dropped");
            return true;
        }
        self.put_back(&partial.not_accepted);
        self.health.failed.add(1);
        tracing::error!(
            error,
            "metrics could not be written, they stay for the next flush"
        );
        false
    }

    fn put_back(&self, data: &[Datum]) {
        self.buffer.put_back(data);
        self.contributors.mix();
    }
}

/// The batches of one flush; what it has not finished when it is dropped is not forgotten.
pub(super) struct Boarded<'a, K: Sink> {
    pub(super) flusher: &'a Flusher<K>,
    pub(super) flights: Vec<Arc<Flight>>,
}

impl<K: Sink> Drop for Boarded<'_, K> {
    fn drop(&mut self) {
        for flight in &self.flights {
            self.flusher.in_flight.leave(flight);
            if let Some(was) = flight.departure.settle() {
                self.flusher.abandon(flight, was, |flusher, flight| {
                    flusher.put_back(&flight.data);
                });
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
