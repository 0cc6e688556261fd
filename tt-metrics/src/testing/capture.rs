//! Captures of counts for tests, independent of what other tests count.
//!
//! A thread counts into the shard that it leases. In a capture, that is a shard of the capture's own buffer, so the hot path
//! does not depend on captures.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
};

use super::scope::{CaptureGuard, Followed, Scope};
#[cfg(all(test, feature = "lambda"))]
use crate::count::buffer::Buffer;
use crate::metric::{Datum, MetricName, Value};

thread_local! {
    /// The captures that began in this thread, for `assert_metrics!`.
    static CAPTURES: RefCell<Vec<Baseline>> = const { RefCell::new(Vec::new()) };
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// The totals of a scope when a capture began; the capture contains the growth since then.
#[derive(Debug, Clone)]
pub(super) struct Baseline {
    id: u64,
    scope: Scope,
    totals: BTreeMap<MetricName, u64>,
    breakdowns: Vec<Vec<u64>>,
}

/// The counts of a test since it called [`capture()`].
pub struct Capture {
    baseline: Baseline,
    _guard: CaptureGuard,
}

/// Starts to capture the counts of this test. Tests that run in parallel do not affect each other.
///
/// ```
/// #[tt_metrics::count("OrderShipped")]
/// fn ship() {}
///
/// let metrics = tt_metrics::capture();
/// ship();
/// assert_eq!(metrics.count("OrderShipped"), 1);
/// tt_metrics::assert_metrics! { "OrderShipped" = 1 }
/// ```
///
/// | counts of | are captured |
/// |---|---|
/// | the thread that called it, including every task of its current-thread runtime | yes |
/// | a task or a blocking call on another thread of the tokio runtime in which it was called (features `lambda`, `put-metric-data`) | yes, if that thread has not counted before |
/// | a future wrapped by [`Capture::follow`], on any thread | yes |
/// | a thread that called [`Capture::enter`] | yes, while it holds the guard |
/// | any other thread | no |
///
/// A capture that begins within another one, or in a runtime in which one began, counts from its own beginning.
///
/// The number of open calls (`in_flight = ".."`) belongs to the process, so a capture contains the open calls of other tests.
///
/// Captured counts are not flushed by the process.
#[must_use]
pub fn capture() -> Capture {
    let enclosing = || CAPTURES.with_borrow(|here| here.last().map(|baseline| baseline.scope));
    let scope = Scope::of_this_runtime().or_else(enclosing);
    let scope = scope.unwrap_or_else(Scope::new);
    let baseline = Baseline {
        id: NEXT.fetch_add(1, Ordering::Relaxed),
        scope,
        totals: scope.0.totals(),
        breakdowns: scope.0.breakdown_totals(),
    };
    scope.0.reset_levels();
    CAPTURES.with_borrow_mut(|here| here.push(baseline.clone()));
    Capture {
        baseline,
        _guard: scope.enter(),
    }
}

impl Capture {
    /// The growth of a metric since the capture began.
    #[must_use]
    pub fn count(&self, metric: &str) -> u64 {
        self.counts().get(metric).copied().unwrap_or(0)
    }

    /// The growth of each declared metric since the capture began, including zeros.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.baseline.counts()
    }

    /// The buffer that the threads of its runtime count into.
    #[cfg(all(test, feature = "lambda"))]
    pub(crate) fn buffer(&self) -> &'static Buffer {
        self.baseline.scope.0
    }

    /// Captures the counts of the current thread until the guard is dropped.
    ///
    /// ```
    /// # #[tt_metrics::count("OrderShipped")]
    /// # fn ship() {}
    /// let metrics = tt_metrics::capture();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         let _captured = metrics.enter();
    ///         ship();
    ///     });
    /// });
    /// assert_eq!(metrics.count("OrderShipped"), 1);
    /// ```
    #[must_use = "the thread leaves the capture when the guard is dropped"]
    pub fn enter(&self) -> CaptureGuard {
        self.baseline.scope.enter()
    }

    /// Captures the counts of a future on every thread that polls it, for a runtime that other tests use too.
    ///
    /// ```
    /// # #[tt_metrics::count("OrderShipped")]
    /// # async fn ship() {}
    /// # let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    /// let metrics = tt_metrics::capture();
    /// let task = runtime.spawn(metrics.follow(ship()));
    /// runtime.block_on(task)?;
    /// assert_eq!(metrics.count("OrderShipped"), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        Followed::new(future, self.baseline.scope)
    }
}

impl Capture {
    /// The growth of a metric under exactly these dimensions since the capture began.
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
        let data = self.data();
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

    /// The data with dimensions, the durations of calls, and the maximum number of open calls since the capture began.
    #[must_use]
    pub fn data(&self) -> Vec<Datum> {
        self.baseline
            .scope
            .0
            .breakdowns_since(&self.baseline.breakdowns)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // The list of the thread in which the capture began is the only one that contains it.
        let _ = CAPTURES.try_with(|here| {
            here.borrow_mut()
                .retain(|baseline| baseline.id != self.baseline.id);
        });
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Capture ")?;
        self.counts().fmt(formatter)
    }
}

/// The counts of the last capture that began in this thread.
pub(super) fn current_counts() -> Option<BTreeMap<&'static str, u64>> {
    CAPTURES.with_borrow(|captures| captures.last().map(Baseline::counts))
}

impl Baseline {
    fn counts(&self) -> BTreeMap<&'static str, u64> {
        let delta = |(metric, total): (MetricName, u64)| {
            let before = self.totals.get(&metric).copied().unwrap_or(0);
            (metric.as_str(), total.wrapping_sub(before))
        };
        self.scope.0.totals().into_iter().map(delta).collect()
    }
}

#[cfg(test)]
mod tests;
