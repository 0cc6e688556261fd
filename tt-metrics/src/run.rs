//! The one call of a `main`: handler, tracing, metrics and graceful shutdown together.

use std::{fmt, future::Future};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, Runtime, layers::TracingLayer};
use tower::Service;

use crate::{layer::MetricsLayer, shutdown};

/// Runs a Lambda handler and flushes metrics after each response, before a timeout and before a shutdown.
///
/// It is `lambda_runtime::run` with a [`MetricsLayer`]; use the layer itself where you need more control.
///
/// # Errors
///
/// When the configuration in the environment is wrong, or the runtime API cannot be reached.
///
/// # Panics
///
/// When the variables that Lambda itself sets are missing, as `lambda_runtime::run` does.
pub async fn run<H, I, O>(handler: H) -> Result<(), Error>
where
    H: Service<LambdaEvent<I>, Response = O> + Send + 'static,
    H::Future: Future<Output = Result<O, H::Error>> + Send + 'static,
    H::Error: Into<Diagnostic> + fmt::Debug,
    I: for<'de> serde::Deserialize<'de> + Send + 'static,
    O: serde::Serialize + Send + 'static,
{
    let metrics = MetricsLayer::from_env()
        .await
        .inspect_err(|error| tracing::error!(%error, "metrics are not configured"))?;
    if cfg!(panic = "abort") {
        shutdown::flush_on_panic(metrics.flusher().clone());
    }
    shutdown::flush_on_signal(metrics.flusher().clone()).await;
    Runtime::new(handler)
        .layer(TracingLayer::new())
        .layer(metrics)
        .run()
        .await
}
