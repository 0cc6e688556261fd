//! The Lambda binary: creates the clients once, then passes each event to the handler.

use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tms_token_manager::{
    audit::Audit,
    config::Config,
    handler::Handler,
    login::{LoginLimits, TokenEndpoint},
    store::SecretStore,
};

#[tokio::main]
async fn main() -> Result<(), Error> {
    function_log::init();
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
        store: SecretStore::new(&aws, &config),
        endpoint: TokenEndpoint::new(LoginLimits::default(), config.allowed_hosts.clone())?,
        audit: Audit::new(&aws, &config),
        config,
    });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<serde_json::Value>| {
        let handler = Arc::clone(&handler);
        async move { handler.handle(event).await }
    }))
    .await
}
