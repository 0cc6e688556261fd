//! The `lambda_runtime` layer: one flush after each response, before the request for the next event.

use std::{
    env, fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use lambda_runtime::{LambdaInvocation, SnapStartResource};
use pin_project_lite::pin_project;
use tokio::time;
use tower::{Layer, Service};

use crate::{
    flush::{ConfigError, Flusher, SentCounts, Urgency},
    lambda::{
        shutdown,
        snap_start::SnapStart,
        watchdog::{Alarm, Armed, Watchdog},
    },
    sink::{Configured, Invocation, Sink, emf::relay},
};

/// The part of an invocation's time that is left for the runtime to request the next event.
const MARGIN: Duration = Duration::from_millis(50);
/// The time beyond its budget after which a flush is dropped.
const GRACE: Duration = Duration::from_millis(20);
/// The default interval at which the counts of concurrent invocations are sent.
const TICK: Duration = Duration::from_secs(10);

/// Flushes after each invocation, however it ended. The layer wraps the service that posts the response, so the caller
/// has its answer before the flush begins.
///
/// ```no_run
/// # async fn handler(_: lambda_runtime::LambdaEvent<String>) -> Result<(), lambda_runtime::Error> { Ok(()) }
/// # async fn start() -> Result<(), lambda_runtime::Error> {
/// use lambda_runtime::{Runtime, layers::TracingLayer, service_fn};
/// use tt_metrics::MetricsLayer;
///
/// Runtime::new(service_fn(handler))
///     .layer(TracingLayer::new())
///     .layer(MetricsLayer::from_env().await?)
///     .run()
///     .await
/// # }
/// ```
#[derive(Debug)]
pub struct MetricsLayer<K = Configured> {
    flusher: Arc<Flusher<K>>,
    watchdog: Arc<Watchdog>,
    // Whether the periodic flush was started; `None` where there is none.
    ticker: Option<Arc<AtomicBool>>,
}

impl MetricsLayer<Configured> {
    /// Reads the configuration from the environment and makes the sink it names.
    ///
    /// # Errors
    ///
    /// When a variable of the environment is missing or cannot be used.
    pub async fn from_env() -> Result<Self, ConfigError> {
        Ok(Self::new(Flusher::from_env().await?))
    }
}

impl<K: Sink> MetricsLayer<K> {
    /// A layer over a flusher of your own, for example with a sink of your own.
    pub fn new(flusher: Flusher<K>) -> Self {
        let flusher = Arc::new(flusher);
        let watched = Arc::clone(&flusher);
        let concurrent = is_concurrent();
        let watchdog = Watchdog::start(move |invocation, alarm| {
            if alarm == Alarm::Near {
                watched.count_imminent_timeout();
            }
            // Lambda does not stop concurrent invocations at their deadline, so they may go on after it.
            let urgency = match alarm {
                Alarm::Last if !concurrent => Urgency::Final,
                _ => Urgency::Normal,
            };
            watched.write_out(Some(invocation), urgency);
        });
        Self {
            flusher,
            watchdog: Arc::new(watchdog),
            ticker: concurrent.then(Arc::default),
        }
    }

    /// Writes the counts to the log when Lambda stops the process, also while a handler blocks every thread of the
    /// runtime. In a program whose panics abort, it does so at a panic as well.
    ///
    /// With the sink `emf`, standard output is relayed, as [`run`](crate::run) describes.
    ///
    /// Registers the internal extension without which Lambda sends no SIGTERM, and ends the process with code 0 after
    /// SIGTERM or SIGINT. Call it once, before the runtime runs; [`run`](crate::run) does.
    pub async fn flush_at_shutdown(&self) {
        if self.flusher.writes_documents()
            && let Err(error) = relay::start()
        {
            tracing::warn!(%error, "standard output is not relayed, an empty line precedes each document");
        }
        if cfg!(panic = "abort") {
            shutdown::flush_on_panic(Arc::clone(&self.flusher));
        }
        shutdown::flush_on_signal(Arc::clone(&self.flusher)).await;
    }

    /// The resource to register with [`Runtime::register_snapstart_resource`](lambda_runtime::Runtime::register_snapstart_resource),
    /// before any other resource. Counts are written to the log once, before the snapshot, and not by its copies.
    #[must_use]
    pub fn snap_start(&self) -> Arc<dyn SnapStartResource> {
        Arc::new(SnapStart::new(Arc::clone(&self.flusher)))
    }

    /// The flusher that this layer uses.
    pub fn flusher(&self) -> &Arc<Flusher<K>> {
        &self.flusher
    }

    /// Starts the periodic flush at the first invocation, where there certainly is a runtime.
    fn start_ticker(&self) {
        let was_started = |started: &Arc<AtomicBool>| started.swap(true, Ordering::Relaxed);
        if self.ticker.as_ref().is_none_or(was_started) {
            return;
        }
        let interval = self.flusher.interval();
        let interval = if interval.is_zero() { TICK } else { interval };
        tokio::spawn(flush_periodically(Arc::downgrade(&self.flusher), interval));
    }
}

/// Sends the growth of the metrics at an interval. This is possible only where Lambda does not freeze the process
/// between two invocations.
async fn flush_periodically<K: Sink>(flusher: Weak<Flusher<K>>, interval: Duration) {
    loop {
        time::sleep(interval).await;
        let Some(flusher) = flusher.upgrade() else {
            return;
        };
        let limit = flusher.timeout().saturating_add(GRACE);
        let _overdue = time::timeout(limit, flusher.flush_growth()).await;
    }
}

/// Whether several invocations run at once (Lambda Managed Instances).
fn is_concurrent() -> bool {
    let most = env::var("AWS_LAMBDA_MAX_CONCURRENCY");
    most.is_ok_and(|most| most.parse().is_ok_and(|most: u32| most > 1))
}

impl<K> Clone for MetricsLayer<K> {
    fn clone(&self) -> Self {
        Self {
            flusher: Arc::clone(&self.flusher),
            watchdog: Arc::clone(&self.watchdog),
            ticker: self.ticker.clone(),
        }
    }
}

impl<S, K> Layer<S> for MetricsLayer<K> {
    type Service = MetricsService<S, K>;

    fn layer(&self, inner: S) -> Self::Service {
        MetricsService {
            inner,
            metrics: self.clone(),
        }
    }
}

/// The service that [`MetricsLayer`] makes.
#[derive(Debug)]
pub struct MetricsService<S, K = Configured> {
    inner: S,
    metrics: MetricsLayer<K>,
}

impl<S: Clone, K> Clone for MetricsService<S, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            metrics: self.metrics.clone(),
        }
    }
}

impl<S, K> Service<LambdaInvocation> for MetricsService<S, K>
where
    S: Service<LambdaInvocation, Response = ()>,
    K: Sink,
{
    type Response = ();
    type Error = S::Error;
    type Future = FlushAfter<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: LambdaInvocation) -> Self::Future {
        self.metrics.start_ticker();
        let flusher = Arc::clone(&self.metrics.flusher);
        let invocation = flusher.invocation(request.context.request_id.clone());
        let running = flusher.enter(&invocation);
        let deadline = valid_deadline(request.context.deadline(), SystemTime::now());
        let armed = self.metrics.watchdog.arm(invocation.clone(), deadline);
        FlushAfter {
            inner: self.inner.call(request),
            ended: None,
            armed: Some(armed),
            flush: Box::pin(async move {
                let sent = running.end();
                if flusher.is_due() {
                    flush_before(deadline, &flusher, (&invocation, sent)).await;
                }
            }),
        }
    }
}

/// Flushes within the rest of an invocation's time, also when the sink exceeds its budget.
async fn flush_before<K: Sink>(
    deadline: Option<SystemTime>,
    flusher: &Flusher<K>,
    (invocation, sent): (&Invocation, SentCounts),
) {
    let budget = budget(deadline, SystemTime::now());
    let limit = budget.min(flusher.timeout()).saturating_add(GRACE);
    let flush = flusher.flush_after(Some(invocation), sent, budget);
    if time::timeout(limit, flush).await.is_err() {
        tracing::warn!("a flush exceeded its budget and was dropped");
    }
}

pin_project! {
    /// The inner future, then the flush.
    #[doc(hidden)]
    pub struct FlushAfter<F, E> {
        #[pin]
        inner: F,
        ended: Option<Result<(), E>>,
        armed: Option<Armed>,
        // The future of a sink has no name, so there is one allocation for each invocation.
        flush: Pin<Box<dyn Future<Output = ()> + Send>>,
    }
}

impl<F, E> Future for FlushAfter<F, E>
where
    F: Future<Output = Result<(), E>>,
{
    type Output = Result<(), E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.ended.is_none() {
            *this.ended = Some(ready!(this.inner.poll(cx)));
            if let Some(armed) = this.armed {
                armed.flushing();
            }
        }
        let flush = this.flush.as_mut();
        if let Ok(polled) = catch_unwind(AssertUnwindSafe(|| flush.poll(cx))) {
            ready!(polled);
        } else {
            tracing::error!("a flush panicked");
        }
        *this.armed = None;
        Poll::Ready(this.ended.take().unwrap_or(Ok(())))
    }
}

impl<F, E> fmt::Debug for FlushAfter<F, E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FlushAfter").finish_non_exhaustive()
    }
}

/// The deadline of an invocation that begins, unless it is in the past: some local runtimes send no valid deadline.
fn valid_deadline(deadline: SystemTime, now: SystemTime) -> Option<SystemTime> {
    Some(deadline).filter(|deadline| *deadline > now)
}

/// The budget of a flush: the time until the deadline, if there is one.
fn budget(deadline: Option<SystemTime>, now: SystemTime) -> Duration {
    deadline.map_or(Duration::MAX, |deadline| {
        let left = deadline.duration_since(now).unwrap_or_default();
        left.saturating_sub(MARGIN)
    })
}

#[cfg(test)]
mod tests;
