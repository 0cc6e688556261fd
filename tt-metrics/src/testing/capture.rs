//! Capture of counts, for tests: what moved since the capture began, and nothing of what other tests count.
//!
//! A thread counts into the shard that it holds. While it is in a capture, that is a shard of a buffer of the capture's
//! own, so the hot path knows nothing of captures.

mod assertion;
mod entered;

#[doc(hidden)]
pub use assertion::assert_counts;
pub use entered::{Entered, Followed};

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
};

#[cfg(any(feature = "lambda", feature = "put-metric-data"))]
use crate::count::{buffer::BUFFER, counter, sync::lock};
use crate::{
    count::buffer::Buffer,
    declare::site::SITES,
    metric::{Datum, MetricName, Value},
};

thread_local! {
    // The captures that began in this thread, for `assert_metrics!`.
    static HERE: RefCell<Vec<View>> = const { RefCell::new(Vec::new()) };
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Where a capture's threads count.
#[derive(Debug, Clone, Copy)]
struct Scope(&'static Buffer);

/// What a capture sees: the growth of its scope since it began.
#[derive(Debug, Clone)]
struct View {
    id: u64,
    scope: Scope,
    before: BTreeMap<MetricName, u64>,
    before_details: Vec<Vec<u64>>,
}

/// The counts of a test since it called [`capture`].
pub struct Capture {
    view: View,
    _entered: Entered,
}

/// Captures what this test counts; tests that run at once do not see each other.
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
/// | what counts | is captured |
/// |---|---|
/// | the thread that called it, so also every task of its current-thread runtime | yes |
/// | a task or a blocking call on another thread of the tokio runtime in which it was called (features `lambda`, `put-metric-data`) | yes, if that thread did not count before |
/// | a future that [`Capture::follow`] wraps, on any thread | yes |
/// | a thread that [`Capture::enter`]s | yes, while it holds the guard |
/// | any other thread | no |
///
/// A capture that begins within another one, or in a runtime in which one began, counts from its own beginning.
///
/// How many calls are open at once (`in_flight = ".."`) is a level of the process, so a capture sees the calls of other
/// tests in it, too.
///
/// What is captured is not flushed by the process.
#[must_use]
pub fn capture() -> Capture {
    let around = || HERE.with_borrow(|here| here.last().map(|view| view.scope));
    let scope = Scope::of_this_runtime().or_else(around);
    let scope = scope.unwrap_or_else(Scope::new);
    let view = View {
        id: NEXT.fetch_add(1, Ordering::Relaxed),
        scope,
        before: scope.0.totals(),
        before_details: scope.0.detail_totals(),
    };
    scope.0.forget_levels();
    HERE.with_borrow_mut(|here| here.push(view.clone()));
    Capture {
        view,
        _entered: scope.enter(),
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
        self.view.counts()
    }

    /// Where the threads of its runtime count.
    #[cfg(all(test, feature = "lambda"))]
    pub(crate) fn buffer(&self) -> &'static Buffer {
        self.view.scope.0
    }

    /// Captures what this thread counts as long as the guard lives.
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
    pub fn enter(&self) -> Entered {
        self.view.scope.enter()
    }

    /// Captures what a future counts, whichever thread polls it: for `tokio::spawn` on a runtime that other tests use too.
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
    pub fn follow<F: Future>(&self, future: F) -> Followed<F> {
        Followed::new(future, self.view.scope)
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
        self.view.scope.0.details_since(&self.view.before_details)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // In another thread than the one it began in, there is none of it.
        let _ = HERE.try_with(|here| here.borrow_mut().retain(|view| view.id != self.view.id));
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Capture ")?;
        self.counts().fmt(formatter)
    }
}

impl View {
    fn counts(&self) -> BTreeMap<&'static str, u64> {
        let delta = |(metric, total): (MetricName, u64)| {
            let before = self.before.get(&metric).copied().unwrap_or(0);
            (metric.as_str(), total.wrapping_sub(before))
        };
        self.scope.0.totals().into_iter().map(delta).collect()
    }
}

impl Scope {
    // Leaked on purpose: a thread that has counted into it may outlive the test.
    fn new() -> Self {
        Self(Box::leak(Box::new(Buffer::new(|| SITES.static_slice()))))
    }

    /// One scope for each runtime in which a capture ever began.
    #[cfg(any(feature = "lambda", feature = "put-metric-data"))]
    fn of_this_runtime() -> Option<Self> {
        let runtime = tokio::runtime::Handle::try_current().ok()?.id();
        counter::route_new_threads(home);
        let mut scopes = lock(&SCOPES);
        let known = scopes.iter().find(|(other, _)| *other == runtime);
        let known = known.map(|(_, scope)| *scope);
        Some(known.unwrap_or_else(|| {
            let scope = Self::new();
            scopes.push((runtime, scope));
            scope
        }))
    }

    #[cfg(not(any(feature = "lambda", feature = "put-metric-data")))]
    fn of_this_runtime() -> Option<Self> {
        None
    }
}

#[cfg(any(feature = "lambda", feature = "put-metric-data"))]
static SCOPES: std::sync::Mutex<Vec<(tokio::runtime::Id, Scope)>> =
    std::sync::Mutex::new(Vec::new());

/// The buffer that a thread counts into which is in no capture: that of its runtime's captures, or the one that is flushed.
#[cfg(any(feature = "lambda", feature = "put-metric-data"))]
fn home() -> &'static Buffer {
    if !lock(&SCOPES).is_empty() {
        let runtime = tokio::runtime::Handle::try_current();
        let runtime = runtime.ok().map(|handle| handle.id());
        let scopes = lock(&SCOPES);
        let found = scopes.iter().find(|(id, _)| Some(*id) == runtime);
        if let Some((_, scope)) = found {
            return scope.0;
        }
    }
    &BUFFER
}

#[cfg(test)]
mod tests;
