//! The smallest Lambda function, which returns its payload.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[cfg_attr(
    feature = "lambda",
    tt_metrics::count_outcome(success = "Answered", failure = "NotAnswered")
)]
async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    Ok(event.payload)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    #[cfg(feature = "lambda")]
    return tt_metrics::run(service_fn(answer)).await;
    #[cfg(not(feature = "lambda"))]
    return lambda_runtime::run(service_fn(answer)).await;
}
