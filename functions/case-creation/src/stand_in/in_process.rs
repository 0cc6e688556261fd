//! The stand-in without sockets: in the process of the function, and in its time.

use std::time::Duration;

use aws_sdk_s3::config::{
    AsyncSleep, Sleep, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use axum::{body::Body, http};

use super::*;

/// Time that a call takes.
const LATENCY: Duration = Duration::from_millis(20);

/// Calls the stand-in directly.
#[derive(Debug, Clone)]
struct InProcess(StandIn);

/// Lets the AWS SDK wait in the time of the stand-in.
#[derive(Debug)]
struct InTime(Clock);

impl StandIn {
    /// A stand-in in the time of a simulation.
    pub(crate) fn within(clock: Clock) -> Self {
        let stand_in = Self(Arc::default(), clock);
        stand_in.world().url = "http://salesforce.invalid".to_owned();
        stand_in.issue("first-token");
        stand_in
    }

    /// The way to a stand-in within the process.
    pub(crate) fn connector(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(InProcess(self.clone()))
    }

    /// As [`StandIn::aws`], within the process.
    pub(crate) fn aws_within(&self) -> SdkConfig {
        let connector = self.connector();
        let retries = RetryConfig::standard().with_max_attempts(2);
        self.aws()
            .into_builder()
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .sleep_impl(InTime(self.1))
            .retry_config(retries)
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(call(self.0.clone(), request))
    }
}

impl AsyncSleep for InTime {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.0.sleep(duration))
    }
}

async fn call(stand_in: StandIn, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    stand_in.1.sleep(LATENCY).await;
    let (parts, body) = request.try_into_http1x().unwrap().into_parts();
    let body = ByteStream::new(body).collect().await.unwrap().into_bytes();
    let request = http::Request::from_parts(parts, Body::from(body));
    let response = answer(State(stand_in), request).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await;
    // An answer that breaks off does so after its head, as far as the caller can see.
    let body = body.map_err(|error| ConnectorError::io(error.into()))?;
    let response = http::Response::from_parts(parts, SdkBody::from(body));
    Ok(HttpResponse::try_from(response).unwrap())
}
