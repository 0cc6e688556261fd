//! The Lambda binary: clients are made once, then each event goes to the handler.

use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tms_token_manager::{
    audit::Audit,
    config::Config,
    handler::Handler,
    oauth::{Patience, TokenEndpoint},
    secrets::Secrets,
};

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = Config::from_env()?;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12));
    let aws = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts.build())
        .load()
        .await;
    let handler = Arc::new(Handler {
        secrets: Secrets::new(&aws, &config),
        endpoint: TokenEndpoint::new(Patience::default())?,
        audit: Audit::new(&aws, &config),
        config,
    });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<serde_json::Value>| {
        let handler = Arc::clone(&handler);
        async move { handler.handle(event).await }
    }))
    .await
}
