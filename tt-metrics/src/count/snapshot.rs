//! The data of one drain of the buffer.

use std::time::SystemTime;

use crate::metric::{Datum, MetricName, Resolution};

/// The growth of every metric since the previous drain, with one timestamp.
#[derive(Debug)]
pub(crate) struct Snapshot {
    at: SystemTime,
    data: Vec<Datum>,
}

impl Snapshot {
    pub(crate) fn new(at: SystemTime, data: impl IntoIterator<Item = Datum>) -> Self {
        let data = data.into_iter().collect();
        Self { at, data }
    }

    /// Adds newer data, merged by series.
    pub(crate) fn extend(&mut self, data: impl IntoIterator<Item = Datum>) {
        for datum in data {
            Datum::merge_newer(&mut self.data, datum);
        }
    }

    /// Adds older data, merged by series.
    pub(crate) fn put_back(&mut self, data: impl IntoIterator<Item = Datum>) {
        for datum in data {
            Datum::merge_older(&mut self.data, datum);
        }
    }

    /// The time of the drain, and the growth of every metric.
    pub(crate) fn into_parts(self) -> (SystemTime, Vec<Datum>) {
        (self.at, self.data)
    }

    /// The growth of every metric.
    #[cfg(test)]
    pub(crate) fn data(&self) -> &[Datum] {
        &self.data
    }

    /// The growth of every metric, for changes.
    pub(crate) fn data_mut(&mut self) -> &mut Vec<Datum> {
        &mut self.data
    }

    /// Raises every metric to at least this resolution, and merges series that become equal.
    pub(crate) fn raise(&mut self, resolution: Resolution) {
        if resolution == Resolution::Standard {
            return;
        }
        let is_fine = |datum: &Datum| datum.resolution == resolution;
        let data = std::mem::take(&mut self.data).into_iter();
        let (fine, coarse): (Vec<_>, Vec<_>) = data.partition(is_fine);
        let raised = coarse
            .into_iter()
            .map(|datum| datum.with_resolution(resolution));
        self.data = raised.collect();
        // Data that were put back had been raised before.
        self.put_back(fine);
    }

    /// Whether every other metric than these is zero.
    pub(crate) fn is_zero_except(&self, metrics: &[MetricName]) -> bool {
        let own = |datum: &Datum| metrics.contains(&datum.metric);
        self.data
            .iter()
            .all(|datum| datum.value.is_zero() || own(datum))
    }

    /// Whether every metric is zero.
    pub(crate) fn is_zero(&self) -> bool {
        self.data.iter().all(|datum| datum.value.is_zero())
    }

    #[cfg(test)]
    pub(crate) fn get(&self, metric: MetricName) -> u64 {
        let found = self.data.iter().filter(|datum| datum.metric == metric);
        let growth = found.map(|datum| match datum.value {
            crate::metric::Value::Count(growth) => growth,
            _ => 0,
        });
        growth.sum()
    }
}
