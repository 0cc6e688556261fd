//! What went wrong with metrics themselves; each is sent as a metric once it is not zero.

use crate::{
    metric::MetricName,
    sink::Datum,
    sync::{AtomicU64, Ordering},
};

/// Counts of the library about itself.
#[derive(Debug, Default)]
pub(crate) struct Health {
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
    /// Takes the counts that are not zero.
    pub(crate) fn take(&self) -> impl Iterator<Item = Datum> {
        const FAILED: MetricName = MetricName::new("FlushFailed");
        const AMBIGUOUS: MetricName = MetricName::new("FlushAmbiguous");
        const FELL_BACK: MetricName = MetricName::new("FlushFellBackToEmf");
        const TIMEOUT_IMMINENT: MetricName = MetricName::new("TimeoutImminent");
        [
            (FAILED, &self.failed),
            (AMBIGUOUS, &self.ambiguous),
            (FELL_BACK, &self.fell_back),
            (TIMEOUT_IMMINENT, &self.timeout_imminent),
        ]
        .into_iter()
        .map(|(metric, tally)| Datum::count(metric, tally.0.swap(0, Ordering::Relaxed)))
        .filter(|datum| !datum.value.is_zero())
    }
}
