//! What one flush took out of the buffer.

use std::time::SystemTime;

use crate::{
    metric::{MetricName, Unit},
    sink::Datum,
};

/// The growth of every metric since the flush before, with one timestamp.
#[derive(Debug)]
pub(crate) struct Snapshot {
    at: SystemTime,
    data: Vec<Datum>,
}

impl Snapshot {
    pub(crate) fn new(at: SystemTime, counts: impl IntoIterator<Item = (MetricName, u64)>) -> Self {
        let mut snapshot = Self {
            at,
            data: Vec::new(),
        };
        snapshot.extend(counts);
        snapshot
    }

    /// Adds counts of metrics that are not in it yet.
    pub(crate) fn extend(&mut self, counts: impl IntoIterator<Item = (MetricName, u64)>) {
        let datum = |(metric, value)| Datum {
            metric,
            unit: Unit::Count,
            value,
        };
        self.data.extend(counts.into_iter().map(datum));
    }

    /// When the counts were taken.
    pub(crate) fn at(&self) -> SystemTime {
        self.at
    }

    /// Every metric with its growth.
    pub(crate) fn data(&self) -> &[Datum] {
        &self.data
    }

    /// Whether no metric moved.
    pub(crate) fn is_zero(&self) -> bool {
        self.data.iter().all(|datum| datum.value == 0)
    }

    #[cfg(test)]
    pub(crate) fn get(&self, metric: MetricName) -> u64 {
        let found = self.data.iter().filter(|datum| datum.metric == metric);
        found.map(|datum| datum.value).sum()
    }
}
