//! The health metrics: counts of the library about itself, each sent when it is not zero.

use crate::{
    count::sync::{AtomicU64, Ordering},
    metric::{Datum, MetricName},
    sink::Invocation,
};

/// The reaction to an invocation that moved no metric.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnEmpty {
    /// Nothing.
    #[default]
    Ignore,
    /// A warning in the log.
    Warn,
    /// An error in the log and the metric `EmptyInvocations`, for an alarm. The invocation itself does not fail: its
    /// answer was posted before, and metrics never break a function.
    Fail,
}

/// The counts of the library about itself.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Data that CloudWatch would refuse or that fit into no batch, in whole or in part.
    pub(crate) dropped: Tally,
    /// Batches that neither the sink nor the log accepted. Their counts are part of the next flush.
    pub(crate) failed: Tally,
    /// Batches that were given up because CloudWatch may have accepted them.
    pub(crate) ambiguous: Tally,
    /// Batches that were written to the log because the sink did not accept them in time.
    pub(crate) fell_back: Tally,
    /// Invocations that came so close to their deadline that the watchdog wrote their counts to the log.
    pub(crate) timeout_imminent: Tally,
    /// Invocations that moved no metric, with [`OnEmpty::Fail`].
    pub(crate) empty: Tally,
    /// First invocations of a process, where the configuration enables the metric.
    pub(crate) cold_start: Tally,
}

/// One of these counts.
#[derive(Debug, Default)]
pub(crate) struct Tally(AtomicU64);

impl Tally {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

impl Health {
    /// Reports an invocation that moved no metric as the configuration requires.
    pub(crate) fn report_empty(&self, on_empty: OnEmpty, invocation: &Invocation) {
        let request_id = &invocation.request_id;
        match on_empty {
            OnEmpty::Ignore => {}
            OnEmpty::Warn => tracing::warn!(request_id, "the invocation moved no metric"),
            OnEmpty::Fail => {
                self.empty.add(1);
                tracing::error!(request_id, "the invocation moved no metric");
            }
        }
    }

    /// The names of all health metrics.
    pub(crate) const NAMES: [MetricName; 7] = [
        MetricName::new("MetricsDropped"),
        MetricName::new("FlushFailed"),
        MetricName::new("FlushAmbiguous"),
        MetricName::new("FlushFellBackToEmf"),
        MetricName::new("TimeoutImminent"),
        MetricName::new("EmptyInvocations"),
        MetricName::new("ColdStart"),
    ];

    /// Takes the counts that are not zero.
    pub(crate) fn take(&self) -> impl Iterator<Item = Datum> {
        let tallies = [
            &self.dropped,
            &self.failed,
            &self.ambiguous,
            &self.fell_back,
            &self.timeout_imminent,
            &self.empty,
            &self.cold_start,
        ];
        let taken = tallies.map(|tally| tally.0.swap(0, Ordering::Relaxed));
        let data = Self::NAMES.into_iter().zip(taken);
        data.map(|(metric, number)| Datum::count(metric, number))
            .filter(|datum| !datum.value.is_zero())
    }
}
