//! Settling: what happens to the counts of a batch after an answer, or when no answer will come.
//!
//! The table in the documentation of the module `flush` lists every case.

use std::{
    error::Error,
    io,
    time::{Duration, Instant},
};

use super::{Flusher, flusher::Urgency, pending::PendingBatch};
use crate::sink::{
    Datum, Delivery, EmitError, SendState, Sink, SinkResult,
    emf::{self, DocumentKind, Unwritten},
};

/// The time that a write to the log may take when the budget of the flush is used up.
const MIN_LOG_WAIT: Duration = Duration::from_millis(10);

/// What a write to the log achieved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogWrite {
    /// All counts that documents can contain are in the log.
    Complete,
    /// Some counts went back into the buffer.
    PutBack,
}

impl<K: Sink> Flusher<K> {
    /// Settles a batch that the sink has answered.
    pub(super) fn settle(&self, batch: &PendingBatch, result: SinkResult) {
        match result {
            Ok(()) => {}
            Err(EmitError::NotAccepted(error)) => self.write_to_log(batch, &*error),
            Err(EmitError::Ambiguous(error)) => self.settle_ambiguous(batch, &*error),
        }
    }

    /// Settles a batch that CloudWatch may or may not have.
    fn settle_ambiguous(&self, batch: &PendingBatch, error: &(dyn Error + 'static)) {
        match self.config.delivery {
            Delivery::AtLeastOnce => self.write_to_log(batch, error),
            Delivery::AtMostOnce => {
                self.give_up(batch, log_deadline(batch));
                tracing::warn!(
                    error = with_causes(error),
                    "CloudWatch may or may not have received metrics, which are not sent again"
                );
            }
        }
    }

    /// Gives the counts up, and writes them to the log in a form that CloudWatch does not count.
    fn give_up(&self, batch: &PendingBatch, until: Instant) {
        self.health.ambiguous.add(1);
        if batch.data.iter().all(|datum| datum.value.is_zero()) {
            return;
        }
        let document = emf::write(batch.batch(&self.config), DocumentKind::Unconfirmed, until);
        if let Err(Unwritten { error, .. }) = document {
            report_log_error(
                &*error,
                "metrics were given up, and could not be written to the log",
            );
        }
    }

    /// Writes the counts of a batch to the log, which counts them instead.
    fn write_to_log(&self, batch: &PendingBatch, error: &(dyn Error + 'static)) {
        if self.write_metrics(batch, log_deadline(batch)) == LogWrite::Complete {
            self.health.fell_back.add(1);
            let error = with_causes(error);
            tracing::warn!(error, "metrics were written to the log instead");
        }
    }

    /// Writes the batches of other flushes that will not finish in time.
    pub(super) fn reclaim(&self, urgency: Urgency, until: Instant) {
        let now = (urgency == Urgency::Normal).then(Instant::now);
        for (batch, before) in self.pending.take_overdue(now) {
            if !self.may_count_elsewhere(before) {
                self.give_up(&batch, until);
            } else if self.write_metrics(&batch, until) == LogWrite::Complete {
                self.health.fell_back.add(1);
            }
        }
    }

    /// Whether counts may be sent another way after their batch had this send state.
    fn may_count_elsewhere(&self, before: SendState) -> bool {
        before == SendState::Unsent || self.config.delivery == Delivery::AtLeastOnce
    }

    /// Writes a batch to the log as metrics, and puts the counts back that were not written.
    pub(super) fn write_metrics(&self, batch: &PendingBatch, until: Instant) -> LogWrite {
        let written = emf::write(batch.batch(&self.config), DocumentKind::Metrics, until);
        self.put_back_unwritten(written)
    }

    pub(super) fn put_back_unwritten(&self, written: Result<(), Unwritten>) -> LogWrite {
        let Err(unwritten) = written else {
            return LogWrite::Complete;
        };
        self.health.dropped.add(unwritten.dropped);
        if unwritten.data.is_empty() {
            let (dropped, error) = (unwritten.dropped, with_causes(&*unwritten.error));
            tracing::warn!(dropped, error, "metrics were dropped");
            return LogWrite::Complete;
        }
        self.put_back(&unwritten.data);
        self.health.failed.add(1);
        report_log_error(
            &*unwritten.error,
            "metrics could not be written to the log, they are part of the next flush",
        );
        LogWrite::PutBack
    }

    /// Settles a batch whose flush was dropped before an answer. Unsent counts go back into the buffer.
    pub(super) fn settle_dropped(&self, batch: &PendingBatch) {
        let before = batch.state.settle();
        if before == SendState::Settled {
            return;
        }
        if self.may_count_elsewhere(before) {
            self.put_back(&batch.data);
        } else {
            self.give_up(batch, Instant::now() + MIN_LOG_WAIT);
        }
    }

    fn put_back(&self, data: &[Datum]) {
        self.buffer.put_back(data);
        self.contributors.mark_unknown();
    }
}

/// The time until which a flush may wait for the log.
fn log_deadline(batch: &PendingBatch) -> Instant {
    Instant::now() + batch.time_left().max(MIN_LOG_WAIT)
}

/// Reports that standard output did not accept a document, unless it was full: a subscriber that writes to it as well
/// would block.
fn report_log_error(error: &(dyn Error + 'static), message: &'static str) {
    let kind = error.downcast_ref().map(io::Error::kind);
    if kind != Some(io::ErrorKind::TimedOut) {
        tracing::error!(error = with_causes(error), "{message}");
    }
}

/// The text of an error with those of its causes.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
