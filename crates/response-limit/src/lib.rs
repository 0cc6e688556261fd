//! An interceptor for AWS SDK clients that limits the size of responses.
//!
//! The SDK reads a response into memory before it deserializes it. With this interceptor, the read fails as soon as the
//! response exceeds the limit, so that an endpoint cannot exhaust the memory of a function.
//!
//! ```ignore
//! let config = aws_sdk_secretsmanager::config::Builder::from(&aws).interceptor(ResponseLimit::bytes(256 << 10));
//! ```

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeDeserializationInterceptorContextMut},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use http_body::{Body, Frame, SizeHint};

/// Limits each response of a client to a number of bytes.
#[derive(Debug, Clone, Copy)]
pub struct ResponseLimit {
    bytes: usize,
}

/// A response body that fails when it exceeds the limit.
struct LimitedBody {
    inner: SdkBody,
    remaining: usize,
    limit: usize,
}

impl ResponseLimit {
    /// Creates an interceptor with this limit.
    pub fn bytes(bytes: usize) -> Self {
        Self { bytes }
    }
}

impl Intercept for ResponseLimit {
    fn name(&self) -> &'static str {
        "response_limit::ResponseLimit"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        *body = SdkBody::from_body_1_x(LimitedBody {
            inner: std::mem::replace(body, SdkBody::taken()),
            remaining: self.bytes,
            limit: self.bytes,
        });
        Ok(())
    }
}

impl Body for LimitedBody {
    type Data = <SdkBody as Body>::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let data = frame.data_ref().map(AsRef::as_ref);
            let bytes = data.map_or(0, <[u8]>::len);
            let Some(remaining) = self.remaining.checked_sub(bytes) else {
                let error = format!("response exceeds {} bytes", self.limit);
                return Poll::Ready(Some(Err(error.into())));
            };
            self.remaining = remaining;
        }
        polled
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
