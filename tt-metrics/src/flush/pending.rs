//! Pending batches: data that were taken out of the buffer and have not arrived yet.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use super::Config;
use crate::{
    count::sync::lock,
    sink::{Batch, Datum, Invocation, Properties, SendState, SharedSendState},
};

/// The time before the end of its flush from which an unsent batch is written to the log, once a deadline is near.
const HEADROOM: Duration = Duration::from_millis(200);

/// One batch from the drain until its counts have arrived, are in the log or are back in the buffer.
#[derive(Debug)]
pub(super) struct PendingBatch {
    pub(super) data: Vec<Datum>,
    /// The time at which the counts were taken.
    pub(super) timestamp: SystemTime,
    pub(super) invocation: Option<Invocation>,
    pub(super) properties: Properties,
    pub(super) state: SharedSendState,
    /// The end of the flush that sends the batch.
    pub(super) flush_ends: Instant,
}

impl PendingBatch {
    pub(super) fn new(
        timestamp: SystemTime,
        data: Vec<Datum>,
        invocation: Option<(&Invocation, Properties)>,
        flush_ends: Instant,
    ) -> Self {
        let (invocation, properties) = match invocation {
            Some((invocation, properties)) => (Some(invocation.clone()), properties),
            None => (None, Properties::default()),
        };
        Self {
            data,
            timestamp,
            invocation,
            properties,
            state: SharedSendState::default(),
            flush_ends,
        }
    }

    /// Splits it into batches of these data.
    pub(super) fn split(&self, batches: Vec<Vec<Datum>>) -> impl Iterator<Item = Self> {
        batches.into_iter().map(|data| Self {
            data,
            timestamp: self.timestamp,
            invocation: self.invocation.clone(),
            properties: self.properties.clone(),
            state: SharedSendState::default(),
            flush_ends: self.flush_ends,
        })
    }

    /// The batch as a sink receives it.
    pub(super) fn batch<'a>(&'a self, config: &'a Config) -> Batch<'a> {
        Batch {
            namespace: &config.namespace,
            dimensions: &config.dimensions,
            timestamp: self.timestamp,
            data: &self.data,
            invocation: self.invocation.as_ref(),
            properties: &self.properties,
            state: &self.state,
        }
    }

    pub(super) fn time_left(&self) -> Duration {
        self.flush_ends.saturating_duration_since(Instant::now())
    }
}

/// All pending batches of a flusher, so that other threads can take over what a flush does not finish in time.
#[derive(Debug, Default)]
pub(super) struct PendingBatches(Mutex<Vec<Arc<PendingBatch>>>);

impl PendingBatches {
    pub(super) fn insert(&self, batch: PendingBatch) -> Arc<PendingBatch> {
        let batch = Arc::new(batch);
        lock(&self.0).push(Arc::clone(&batch));
        batch
    }

    pub(super) fn remove(&self, batch: &Arc<PendingBatch>) {
        lock(&self.0).retain(|other| !Arc::ptr_eq(other, batch));
    }

    /// Settles and removes the batches whose flush will not finish in time, each with its send state before. `now` is
    /// `None` when no time is left, so that no flush will finish.
    pub(super) fn take_overdue(&self, now: Option<Instant>) -> Vec<(Arc<PendingBatch>, SendState)> {
        let mut overdue = Vec::new();
        lock(&self.0).retain(|batch| {
            let is_due = |headroom| now.is_none_or(|now| now + headroom >= batch.flush_ends);
            let before = if is_due(Duration::ZERO) {
                batch.state.settle()
            } else if is_due(HEADROOM) && batch.state.settle_unsent() {
                SendState::Unsent
            } else {
                return true;
            };
            // Another thread decides about a batch that was settled before, and removes it.
            if before == SendState::Settled {
                return true;
            }
            overdue.push((Arc::clone(batch), before));
            false
        });
        overdue
    }
}
