//! The HTTP side of a `PutMetricData` call: its connection, the send state of its body, and the limit of its answer.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use aws_sdk_cloudwatch::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{
            BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
        },
    },
    error::BoxError,
};
use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::body::SdkBody;
use http_body::{Body, Frame, SizeHint};

use crate::sink::SharedSendState;

/// The longest answer that is read. An answer of `PutMetricData` has no content, an error has one short text.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Makes a client that uses the proxy of the environment, as other AWS clients do, and no connection twice.
///
/// Lambda may freeze the process between two flushes, and a connection can die meanwhile. The process cannot detect a
/// freeze, because the clock that measures idle time stops as well. A request on a dead connection would be written and
/// never answered, so its counts would be uncertain.
pub(super) fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .pool_max_idle_per_host(0);
        if let Some(settings) = settings {
            connector = connector.connector_settings(settings.clone());
        }
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build()
    })
}

/// Marks a batch as sent when the body of its request is written.
#[derive(Debug)]
pub(super) struct TrackSending(pub(super) SharedSendState);

impl Intercept for TrackSending {
    fn name(&self) -> &'static str {
        "tt-metrics-track-sending"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request_mut().body_mut();
        let inner = mem::replace(body, SdkBody::taken());
        let state = self.0.clone();
        *body = SdkBody::from_body_1_x(TrackedBody { inner, state });
        Ok(())
    }
}

/// The body of a request. The HTTP client polls it once there is a connection, and before it writes any of the body.
struct TrackedBody {
    inner: SdkBody,
    state: SharedSendState,
}

impl Body for TrackedBody {
    type Data = <SdkBody as Body>::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        if !self.state.mark_sent() {
            let error = "the counts were written to the log meanwhile";
            return Poll::Ready(Some(Err(error.into())));
        }
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Limits the memory that an answer takes.
#[derive(Debug)]
pub(super) struct LimitAnswer;

impl Intercept for LimitAnswer {
    fn name(&self) -> &'static str {
        "tt-metrics-limit-answer"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let inner = mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(LimitedBody {
            inner,
            left: MAX_ANSWER_BYTES,
        });
        Ok(())
    }
}

/// The body of an answer, which ends with an error when it is too long.
struct LimitedBody {
    inner: SdkBody,
    left: usize,
}

impl Body for LimitedBody {
    type Data = <SdkBody as Body>::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let data = frame.data_ref().map(AsRef::as_ref);
            let length = data.map_or(0, <[u8]>::len);
            let Some(left) = self.left.checked_sub(length) else {
                let error = format!("the answer is longer than {MAX_ANSWER_BYTES} bytes");
                return Poll::Ready(Some(Err(error.into())));
            };
            self.left = left;
        }
        polled
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
