//! The TT Producer Lambda: environment, clients, handler.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tt_producer::{Config, Producer};

// One thread is enough: the stream is slower by far, and requests do not have to wake another one.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    function_log::init();
    // Rust prints the `Debug` form of an error that `main` returns, and that of a text is the text.
    let config =
        Config::read(|name| std::env::var(name).ok()).map_err(|error| error.to_string())?;
    let aws = aws_config::load_from_env().await;
    let s3 = aws_sdk_s3::config::Builder::from(&aws)
        .force_path_style(config.path_style)
        .request_checksum_calculation(aws_sdk_s3::config::RequestChecksumCalculation::WhenRequired);
    let s3 = aws_sdk_s3::Client::from_conf(s3.build());
    let producer = Arc::new(Producer::new(
        s3,
        &aws_sdk_kinesis::Client::new(&aws),
        aws_sdk_sqs::Client::new(&aws),
        config,
    ));

    tt_metrics::run(service_fn(move |event: LambdaEvent<Value>| {
        let producer = Arc::clone(&producer);
        async move {
            let deadline = event.context.deadline();
            producer.handle(&event.payload, Some(deadline)).await
        }
    }))
    .await
}
