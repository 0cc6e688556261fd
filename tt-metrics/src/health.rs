//! What went wrong with metrics themselves; each is sent as a metric once it is not zero.

use crate::{
    metric::MetricName,
    sink::Datum,
    sync::{AtomicU64, Ordering},
};

/// Counts of the library about itself.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Data that CloudWatch would refuse, in whole or in part.
    pub(crate) dropped: Tally,
    /// Flushes that no sink accepted; their counts wait for the next flush.
    pub(crate) failed: Tally,
    /// Flushes of which it is unknown whether CloudWatch accepted them.
    pub(crate) ambiguous: Tally,
    /// Flushes that went to the embedded metric format because the sink refused them.
    pub(crate) fell_back: Tally,
    /// Invocations that came so close to their deadline that the watchdog flushed.
    pub(crate) timeout_imminent: Tally,
}

/// One of those counts.
#[derive(Debug, Default)]
pub(crate) struct Tally(AtomicU64);

impl Tally {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

impl Health {
    /// The names of all of them.
    pub(crate) const NAMES: [MetricName; 5] = [
        MetricName::new("MetricsDropped"),
        MetricName::new("FlushFailed"),
        MetricName::new("FlushAmbiguous"),
        MetricName::new("FlushFellBackToEmf"),
        MetricName::new("TimeoutImminent"),
    ];

    /// Takes the counts that are not zero.
    pub(crate) fn take(&self) -> impl Iterator<Item = Datum> {
        let tallies = [
            &self.dropped,
            &self.failed,
            &self.ambiguous,
            &self.fell_back,
            &self.timeout_imminent,
        ];
        let taken = tallies.map(|tally| tally.0.swap(0, Ordering::Relaxed));
        let data = Self::NAMES.into_iter().zip(taken);
        data.map(|(metric, number)| Datum::count(metric, number))
            .filter(|datum| !datum.value.is_zero())
    }
}
