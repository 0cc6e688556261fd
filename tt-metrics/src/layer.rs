//! The `lambda_runtime` layer: one flush after each response.

use lambda_runtime::{Diagnostic, Error, LambdaEvent};
use std::{fmt, future::Future};
use tower::Service;

/// Runs a Lambda handler and flushes metrics after each response.
///
/// # Errors
///
/// When the configuration in the environment is wrong, or the runtime API cannot be reached.
#[expect(clippy::unused_async, reason = "stub")]
pub async fn run<H, I, O>(_handler: H) -> Result<(), Error>
where
    H: Service<LambdaEvent<I>, Response = O> + Send + 'static,
    H::Future: Future<Output = Result<O, H::Error>> + Send + 'static,
    H::Error: Into<Diagnostic> + fmt::Debug,
    I: for<'de> serde::Deserialize<'de> + Send + 'static,
    O: serde::Serialize + Send + 'static,
{
    Err("not built yet".into())
}
