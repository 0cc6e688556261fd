//! The `lambda_runtime` layer: one flush after each response, before the next invocation is asked for.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use lambda_runtime::LambdaInvocation;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::{
    config::ConfigError,
    flush::Flusher,
    sink::{Configured, Sink},
    watchdog::{Armed, Watchdog},
};

/// What is left of an invocation's time for the runtime to ask for the next one.
const MARGIN: Duration = Duration::from_millis(50);

/// Flushes after each invocation, whatever became of it: the layer wraps the service that posts the response, so the
/// caller has its answer before the flush begins.
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
        let watchdog = Watchdog::start(move |invocation, first| {
            if first {
                watched.deadline_is_near();
            }
            watched.flush_to_emf(Some(invocation));
        });
        Self {
            flusher,
            watchdog: Arc::new(watchdog),
        }
    }

    /// The flusher that this layer uses.
    pub fn flusher(&self) -> &Arc<Flusher<K>> {
        &self.flusher
    }
}

impl<K> Clone for MetricsLayer<K> {
    fn clone(&self) -> Self {
        Self {
            flusher: Arc::clone(&self.flusher),
            watchdog: Arc::clone(&self.watchdog),
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
        let flusher = Arc::clone(&self.metrics.flusher);
        let invocation = flusher.invocation(request.context.request_id.clone());
        let deadline = request.context.deadline();
        let armed = self.metrics.watchdog.arm(invocation.clone(), deadline);
        FlushAfter {
            inner: self.inner.call(request),
            ended: None,
            armed: Some(armed),
            flush: Box::pin(async move {
                let budget = budget(deadline, SystemTime::now());
                flusher.flush(Some(&invocation), budget).await;
            }),
        }
    }
}

pin_project! {
    /// The inner future, then the flush.
    pub struct FlushAfter<F, E> {
        #[pin]
        inner: F,
        ended: Option<Result<(), E>>,
        armed: Option<Armed>,
        // One allocation an invocation: the future of a sink has no name.
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
            // The flush has the deadline in its own budget.
            *this.armed = None;
        }
        ready!(this.flush.as_mut().poll(cx));
        Poll::Ready(this.ended.take().unwrap_or(Ok(())))
    }
}

impl<F, E> fmt::Debug for FlushAfter<F, E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FlushAfter").finish_non_exhaustive()
    }
}

/// How long a flush may take: what is left until the deadline. A deadline in the past is one that is not known: some
/// local runtimes send nonsense.
fn budget(deadline: SystemTime, now: SystemTime) -> Duration {
    match deadline.duration_since(now) {
        Ok(left) => left.saturating_sub(MARGIN),
        Err(_past) => Duration::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_ends_before_the_deadline() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let left = |milliseconds| budget(now + Duration::from_millis(milliseconds), now);
        assert_eq!(left(1_000), Duration::from_millis(950));
        assert_eq!(left(20), Duration::ZERO);
    }

    #[test]
    fn a_deadline_in_the_past_is_unknown() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!(budget(SystemTime::UNIX_EPOCH, now), Duration::MAX);
    }
}
