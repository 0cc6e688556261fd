//! Capture of counts, for tests: what moved since the capture began.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Condvar, Mutex},
};

use crate::{
    buffer::BUFFER,
    metric::MetricName,
    sink::{Datum, Value},
    sync::lock,
};

static BUSY: Mutex<bool> = Mutex::new(false);
static FREE: Condvar = Condvar::new();

/// The counts since [`capture`] was called; one test at a time holds it.
pub struct Capture {
    before: BTreeMap<MetricName, u64>,
    before_details: Vec<Vec<u64>>,
}

/// Starts capturing; waits until no other test of this process captures.
///
/// Counting is process-wide, so a test that counts and does not capture is seen by one that does: let every test that
/// counts begin with a capture.
///
/// ```
/// let metrics = tt_metrics::capture();
/// // .. call what counts ..
/// assert_eq!(metrics.count("OrderShipped"), 0);
/// ```
#[must_use]
pub fn capture() -> Capture {
    let mut busy = lock(&BUSY);
    while *busy {
        busy = FREE
            .wait(busy)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
    }
    *busy = true;
    BUFFER.forget_levels();
    Capture {
        before: BUFFER.totals(),
        before_details: BUFFER.detail_totals(),
    }
}

impl Capture {
    /// How much the metric moved since the capture began; 0 for a metric that never moved.
    #[must_use]
    pub fn count(&self, metric: &str) -> u64 {
        self.counts().get(metric).copied().unwrap_or(0)
    }

    /// How much each declared metric moved since the capture began, zeros included.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let delta = |(metric, total): (MetricName, u64)| {
            let before = self.before.get(&metric).copied().unwrap_or(0);
            (metric.as_str(), total.wrapping_sub(before))
        };
        BUFFER.totals().into_iter().map(delta).collect()
    }
}

impl Capture {
    /// How much the metric moved under exactly these dimensions since the capture began.
    ///
    /// ```
    /// #[tt_metrics::count("Shipped", dimensions(Express: bool = express))]
    /// fn ship(express: bool) {}
    ///
    /// let metrics = tt_metrics::capture();
    /// ship(true);
    /// assert_eq!(metrics.count_under("Shipped", &[("Express", "true")]), 1);
    /// ```
    #[must_use]
    pub fn count_under(&self, metric: &str, dimensions: &[(&str, &str)]) -> u64 {
        let data = self.details();
        let found = data.iter().filter(|datum| {
            datum.metric.as_str() == metric
                && datum.dimensions.iter().eq(dimensions.iter().copied())
        });
        let growth = found.map(|datum| match datum.value {
            Value::Count(growth) => growth,
            _ => 0,
        });
        growth.sum()
    }

    /// What moved under dimensions of its own, how long calls took, and how many were open at once.
    #[must_use]
    pub fn details(&self) -> Vec<Datum> {
        BUFFER.details_since(&self.before_details)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        *lock(&BUSY) = false;
        FREE.notify_one();
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Capture ")?;
        self.counts().fmt(formatter)
    }
}
