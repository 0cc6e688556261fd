//! What the layer asks of a flusher while an invocation runs.

use std::{sync::Arc, time::Duration};

use super::{Flusher, Moment};
use crate::{
    sink::{Invocation, Sink},
    sync::lock,
};

impl<K: Sink> Flusher<K> {
    /// An invocation runs, and may count until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>, invocation: &Invocation) -> Running<K> {
        let request_id = invocation.request_id.clone();
        self.contributors.enter(&request_id);
        Running {
            flusher: Arc::clone(self),
            request_id,
        }
    }

    /// Counts that an invocation came close to its deadline.
    pub(crate) fn deadline_is_near(&self) {
        self.health.timeout_imminent.add(1);
    }

    /// How long counts may be kept.
    pub(crate) fn interval(&self) -> Duration {
        self.config.flush_interval
    }

    /// How long a flush may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.config.flush_timeout
    }

    /// Whether counts were kept for as long as they may be.
    pub(crate) fn is_due(&self) -> bool {
        let flushed_at = *lock(&self.flushed_at);
        flushed_at.is_none_or(|at| at.elapsed() >= self.config.flush_interval)
    }

    /// Forgets what was counted: it is in the snapshot of which this process is one of many copies.
    pub(crate) fn begin_anew(&self) {
        let _of_the_snapshot = self.drain(None, Moment::Early);
        *lock(&self.flushed_at) = None;
    }
}

/// An invocation that runs.
#[derive(Debug)]
pub(crate) struct Running<K> {
    flusher: Arc<Flusher<K>>,
    request_id: String,
}

impl<K> Drop for Running<K> {
    fn drop(&mut self) {
        self.flusher.contributors.leave(&self.request_id);
    }
}
