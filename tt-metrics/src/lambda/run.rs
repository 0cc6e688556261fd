//! The calls for `main`: a handler with tracing, metrics and graceful shutdown.

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::Stream;
use lambda_runtime::{
    Diagnostic, Error, IntoFunctionResponse, LambdaEvent, Runtime, layers::TracingLayer,
};
use serde::{Deserialize, Serialize};
use tower::Service;

use crate::{
    flush::{Flusher, Urgency},
    lambda::layer::MetricsLayer,
    sink::{Sink, emf::relay},
};

/// Runs a Lambda handler and flushes metrics after each response, before a timeout and before a shutdown.
///
/// It is `lambda_runtime::run` with a [`MetricsLayer`]; use the layer itself where you need more control.
///
/// With the sink `emf`, the standard output of the program and its child processes passes through a pipe of the process
/// until `run` returns, so that text without a line feed never precedes a document on the same line.
///
/// # Errors
///
/// When the configuration in the environment is wrong, or the runtime API cannot be reached.
///
/// # Panics
///
/// When the variables that Lambda itself sets are missing, as `lambda_runtime::run` does.
pub async fn run<A, F, R, B, S, D, E>(handler: F) -> Result<(), Error>
where
    F: Service<LambdaEvent<A>, Response = R>,
    F::Future: Future<Output = Result<R, F::Error>>,
    F::Error: Into<Diagnostic> + fmt::Debug,
    A: for<'de> Deserialize<'de>,
    R: IntoFunctionResponse<B, S>,
    B: Serialize,
    S: Stream<Item = Result<D, E>> + Unpin + Send + 'static,
    D: Into<Bytes> + Send,
    E: Into<Error> + Send + fmt::Debug,
{
    let metrics = ready().await?;
    let _flush = FlushAtEnd(metrics.flusher());
    Runtime::new(handler)
        .layer(TracingLayer::new())
        .layer(metrics.clone())
        .register_snapstart_resource(metrics.snap_start())
        .run()
        .await
}

/// The same for a handler that takes several invocations at once, on Lambda Managed Instances.
///
/// It is `lambda_runtime::run_concurrent` with a [`MetricsLayer`]. Where `AWS_LAMBDA_MAX_CONCURRENCY` is greater than
/// 1, counts are also sent every 10 seconds, or at the interval `TT_METRICS_FLUSH_INTERVAL_MS`, while invocations go on.
///
/// # Errors
///
/// When the configuration in the environment is wrong, or the runtime API cannot be reached.
///
/// # Panics
///
/// When the variables that Lambda itself sets are missing, as `lambda_runtime::run_concurrent` does.
pub async fn run_concurrent<A, F, R, B, S, D, E>(handler: F) -> Result<(), Error>
where
    F: Service<LambdaEvent<A>, Response = R> + Clone + Send + 'static,
    F::Future: Future<Output = Result<R, F::Error>> + Send + 'static,
    F::Error: Into<Diagnostic> + fmt::Debug,
    A: for<'de> Deserialize<'de> + Send + 'static,
    R: IntoFunctionResponse<B, S> + Send + 'static,
    B: Serialize + Send + 'static,
    S: Stream<Item = Result<D, E>> + Unpin + Send + 'static,
    D: Into<Bytes> + Send + 'static,
    E: Into<Error> + Send + fmt::Debug + 'static,
{
    let metrics = ready().await?;
    let _flush = FlushAtEnd(metrics.flusher());
    Runtime::new(handler)
        .layer(TracingLayer::new())
        .layer(metrics.clone())
        .register_snapstart_resource(metrics.snap_start())
        .run_concurrent()
        .await
}

/// The longest time that the end of `run` waits for standard output.
const RELAY_WAIT: Duration = Duration::from_millis(100);

/// Writes the counts to the log when the loop over events ends, by an error of the runtime API or a panic of the runtime.
struct FlushAtEnd<'a, K: Sink>(&'a Arc<Flusher<K>>);

impl<K: Sink> Drop for FlushAtEnd<'_, K> {
    fn drop(&mut self) {
        self.0.write_out(None, Urgency::Final);
        relay::stop(Instant::now() + RELAY_WAIT);
    }
}

async fn ready() -> Result<MetricsLayer, Error> {
    let metrics = MetricsLayer::from_env()
        .await
        .inspect_err(|error| tracing::error!(%error, "metrics are not configured"))?;
    metrics.flush_at_shutdown().await;
    Ok(metrics)
}
