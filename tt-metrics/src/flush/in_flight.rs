//! Batches that a flush has taken out of the buffer and not finished: other threads can still save their counts.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use crate::{
    count::sync::lock,
    metric::Datum,
    sink::{Departure, Invocation, Properties, Was},
};

/// How long before its flush has to be over a batch that has not left is written to the log, once a deadline is near.
const HEADROOM: Duration = Duration::from_millis(200);

/// What one request or document carries, for as long as its fate is open.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) data: Vec<Datum>,
    pub(crate) at: SystemTime,
    pub(crate) invocation: Option<Invocation>,
    pub(crate) properties: Properties,
    pub(crate) departure: Departure,
    /// When its flush has to be over.
    pub(crate) until: Instant,
}

impl Flight {
    pub(crate) fn new(
        at: SystemTime,
        data: Vec<Datum>,
        about: Option<&(&Invocation, Properties)>,
        until: Instant,
    ) -> Self {
        Self {
            data,
            at,
            invocation: about.map(|(invocation, _)| (*invocation).clone()),
            properties: about.map_or_else(Properties::default, |(_, it)| it.clone()),
            departure: Departure::default(),
            until,
        }
    }

    /// Other data of the same flush.
    pub(crate) fn with(&self, data: Vec<Datum>) -> Self {
        Self {
            data,
            at: self.at,
            invocation: self.invocation.clone(),
            properties: self.properties.clone(),
            departure: Departure::default(),
            until: self.until,
        }
    }
}

/// All batches whose fate is open.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<Vec<Arc<Flight>>>);

impl InFlight {
    pub(crate) fn board(&self, flight: Flight) -> Arc<Flight> {
        let flight = Arc::new(flight);
        lock(&self.0).push(Arc::clone(&flight));
        flight
    }

    pub(crate) fn leave(&self, flight: &Arc<Flight>) {
        lock(&self.0).retain(|other| !Arc::ptr_eq(other, flight));
    }

    /// Takes over what its own flush will not finish in time; `now` is `None` when no time is left at all.
    pub(crate) fn reclaim(&self, now: Option<Instant>) -> Vec<(Arc<Flight>, Was)> {
        let mut reclaimed = Vec::new();
        lock(&self.0).retain(|flight| {
            let due = |headroom| now.is_none_or(|now| now + headroom >= flight.until);
            let was = if due(Duration::ZERO) {
                flight.departure.settle()
            } else if due(HEADROOM) && flight.departure.settle_held() {
                Some(Was::Held)
            } else {
                None
            };
            let Some(was) = was else {
                return true;
            };
            reclaimed.push((Arc::clone(flight), was));
            false
        });
        reclaimed
    }
}
