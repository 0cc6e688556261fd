//! The Lambda function `CaseCreation`.

use std::{hint::black_box, process::ExitCode, sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use case_creation::{BatchResponse, BoxError, CaseCreation, Config, Event};
use lambda_runtime::{LambdaEvent, service_fn, tracing};
use retry::{Clock, Deadline};

// One thread is sufficient, because the function mostly waits for Salesforce, and no other thread has to be woken.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    keep_memory();
    function_log::init();
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
        // The token manager may need a cold start and a login.
        .operation_attempt_timeout(Duration::from_secs(20))
        .build();
    let aws = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .load()
        .await;
    let function = Arc::new(CaseCreation::new(config, &aws)?);
    let handler = service_fn(move |event: LambdaEvent<Event>| {
        let function = Arc::clone(&function);
        // Boxed, because the compiler cannot compute the layout of futures nested this deep.
        Box::pin(async move { handle(&function, event).await })
    });
    tt_metrics::run(handler).await
}

/// Makes the C library keep the memory that an invocation frees, up to twice this size: when a block above the threshold is
/// freed, its size becomes the threshold (`M_MMAP_THRESHOLD` in mallopt(3)). The block is never written to, so it uses no
/// memory.
fn keep_memory() {
    drop(black_box(Vec::<u8>::with_capacity(8 * 1024 * 1024)));
}

async fn handle(
    function: &CaseCreation,
    event: LambdaEvent<Event>,
) -> Result<BatchResponse, BoxError> {
    let deadline = Deadline::at(event.context.deadline(), Clock::system());
    let deadline = deadline.or_after(Duration::from_secs(30));
    let summary = function.handle(event.payload, deadline).await?;
    Ok(summary.response)
}
