//! The services without sockets: in the process of the function, and in its simulated time.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use aws_config::SdkConfig;
use aws_sdk_s3::config::{
    AsyncSleep, Sleep, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use axum::{
    body::{Body, to_bytes},
    http,
};
use retry::Clock;

use crate::Services;

/// The time that a call takes.
const LATENCY: Duration = Duration::from_millis(20);

/// Calls the services directly.
#[derive(Debug, Clone)]
struct InProcess(Services);

/// The sleeps of the AWS SDK, in the time of the services.
#[derive(Debug)]
struct ClockSleep(Clock);

impl Services {
    /// The connector to the services within the process.
    pub fn connector(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(InProcess(self.clone()))
    }

    /// As [`Services::aws_config`], within the process.
    pub fn aws_config_within(&self) -> SdkConfig {
        let connector = self.connector();
        let retries = RetryConfig::standard().with_max_attempts(2);
        self.aws_config()
            .into_builder()
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .sleep_impl(ClockSleep(self.clock))
            .retry_config(retries)
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }
}

/// A future that is `Sync`, because it is only polled by exclusive reference.
struct SyncFuture(Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Future for SyncFuture {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let future = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        future.as_mut().poll(context)
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(call(self.0.clone(), request))
    }
}

impl AsyncSleep for ClockSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.0;
        let sleep = Box::pin(async move { clock.sleep(duration).await });
        Sleep::new(SyncFuture(Mutex::new(sleep)))
    }
}

async fn call(services: Services, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    services.clock.sleep(LATENCY).await;
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::io(error);
    let request = request.try_into_http1x().map_err(|e| failed(e.into()))?;
    let (parts, body) = request.into_parts();
    let body = ByteStream::new(body).collect().await;
    let body = body.map_err(|e| failed(e.into()))?.into_bytes();
    let request = http::Request::from_parts(parts, Body::from(body));
    let (parts, body) = services.answer(request).await.into_parts();
    // The caller receives the head of an answer that breaks off, and then an error. Here it receives only the error.
    let body = to_bytes(body, usize::MAX).await;
    let body = body.map_err(|e| failed(e.into()))?;
    let response = http::Response::from_parts(parts, SdkBody::from(body));
    HttpResponse::try_from(response).map_err(|e| failed(e.into()))
}
