//! The Lambda function `CaseCreation`.

use std::{hint::black_box, process::ExitCode, sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use case_creation::{BoxError, CaseCreation, Config, Event};
use kinesis_consumer::{BatchResponse, Deadline};
use lambda_runtime::{LambdaEvent, service_fn, tracing};

// One thread: the answers of Salesforce are slower than it by far, and requests need not wake another one.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    keep_memory();
    tracing::init_default_subscriber();
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "case creation cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<(), BoxError> {
    let config = Config::from_env()?;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        // The token manager may have to start and to log in.
        .operation_attempt_timeout(Duration::from_secs(20))
        .build();
    let aws = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .load()
        .await;
    let function = Arc::new(CaseCreation::new(config, &aws)?);
    let handler = service_fn(move |event: LambdaEvent<Event>| {
        let function = Arc::clone(&function);
        // Boxed, since the compiler gives up on the layout of futures nested this deep.
        Box::pin(async move { handle(&function, event).await })
    });
    tt_metrics::run(handler).await
}

/// Has the C library keep the memory that an invocation frees for the next one, up to twice this size: when a
/// larger block than its threshold is freed, that becomes the threshold (`M_MMAP_THRESHOLD` in mallopt(3)). The
/// block itself is never written to, so it takes no memory.
fn keep_memory() {
    drop(black_box(Vec::<u8>::with_capacity(8 * 1024 * 1024)));
}

async fn handle(
    function: &CaseCreation,
    event: LambdaEvent<Event>,
) -> Result<BatchResponse, BoxError> {
    let deadline = Deadline::at(event.context.deadline());
    let summary = function.handle(event.payload, deadline).await?;
    Ok(summary.response)
}
