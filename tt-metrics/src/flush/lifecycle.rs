//! The calls of the Lambda layer during the life of an invocation and of the process.

use std::{sync::Arc, time::Duration};

use super::{Flusher, contributors::SentCounts, flusher::Urgency};
use crate::{
    count::sync::lock,
    sink::{Invocation, Sink, SinkKind},
};

impl<K: Sink> Flusher<K> {
    /// Records that an invocation runs, and may count until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>, invocation: &Invocation) -> RunningInvocation<K> {
        let request_id = invocation.request_id.clone();
        self.contributors.enter(&request_id);
        RunningInvocation {
            flusher: Arc::clone(self),
            request_id: Some(request_id),
        }
    }

    /// Counts that an invocation came close to its deadline.
    pub(crate) fn count_imminent_timeout(&self) {
        self.health.timeout_imminent.add(1);
    }

    /// Whether each flush writes documents to standard output.
    pub(crate) fn writes_documents(&self) -> bool {
        !self.config.disabled && self.config.sink == SinkKind::Emf
    }

    /// The time for which counts may be kept.
    pub(crate) fn interval(&self) -> Duration {
        self.config.flush_interval
    }

    /// The longest time of a flush.
    pub(crate) fn timeout(&self) -> Duration {
        self.config.flush_timeout
    }

    /// Whether counts were kept for as long as they may be.
    pub(crate) fn is_due(&self) -> bool {
        let flushed_at = *lock(&self.flushed_at);
        flushed_at.is_none_or(|at| at.elapsed() >= self.config.flush_interval)
    }

    /// Discards all counts: they are part of a snapshot of which this process is one of many copies.
    pub(crate) fn discard_counts_of_snapshot(&self) {
        let _discarded = self.drain(None, Urgency::Normal);
        *lock(&self.flushed_at) = None;
    }
}

/// An invocation that runs.
#[derive(Debug)]
pub(crate) struct RunningInvocation<K> {
    flusher: Arc<Flusher<K>>,
    request_id: Option<String>,
}

impl<K> RunningInvocation<K> {
    /// Records the end of the invocation; returns whether counts were sent while it ran.
    pub(crate) fn end(mut self) -> SentCounts {
        self.leave()
    }

    fn leave(&mut self) -> SentCounts {
        let request_id = self.request_id.take();
        request_id.map_or(SentCounts::None, |it| self.flusher.contributors.leave(&it))
    }
}

impl<K> Drop for RunningInvocation<K> {
    fn drop(&mut self) {
        self.leave();
    }
}
