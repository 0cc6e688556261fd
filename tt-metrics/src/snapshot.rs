//! What one flush took out of the buffer.

use std::{collections::BTreeMap, time::SystemTime};

use crate::MetricName;

/// The growth of every metric since the flush before, with one timestamp.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    at: SystemTime,
    counts: BTreeMap<MetricName, u64>,
}

impl Snapshot {
    pub(crate) fn new(at: SystemTime, counts: BTreeMap<MetricName, u64>) -> Self {
        Self { at, counts }
    }

    /// When the counts were taken.
    pub(crate) fn at(&self) -> SystemTime {
        self.at
    }

    /// Every metric with its growth, sorted by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MetricName, u64)> {
        self.counts.iter().map(|(&metric, &count)| (metric, count))
    }

    /// Whether no metric moved.
    pub(crate) fn is_zero(&self) -> bool {
        self.counts.values().all(|&count| count == 0)
    }

    #[cfg(test)]
    pub(crate) fn get(&self, metric: MetricName) -> u64 {
        self.counts.get(&metric).copied().unwrap_or(0)
    }
}
