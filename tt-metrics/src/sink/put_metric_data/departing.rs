//! A request body that says when it leaves: until then CloudWatch certainly has nothing.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use aws_sdk_cloudwatch::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextMut,
    },
    error::BoxError,
};
use aws_smithy_types::body::SdkBody;
use http_body::{Body, Frame, SizeHint};

use crate::sink::Departure;

/// Puts a [`DepartingBody`] into the request of one call.
#[derive(Debug)]
pub(super) struct Departing {
    /// Of the batch, of which the request may be a part.
    pub(super) batch: Departure,
    /// Of the request.
    pub(super) request: Departure,
}

impl Intercept for Departing {
    fn name(&self) -> &'static str {
        "tt-metrics-departure"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request_mut().body_mut();
        let inner = mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(DepartingBody {
            inner,
            batch: self.batch.clone(),
            request: self.request.clone(),
        });
        Ok(())
    }
}

/// The body of a request: it is asked for once there is a connection, and before any of it is written.
struct DepartingBody {
    inner: SdkBody,
    batch: Departure,
    request: Departure,
}

impl Body for DepartingBody {
    type Data = <SdkBody as Body>::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        if !self.batch.leave() {
            let error = "the counts were written to the log meanwhile";
            return Poll::Ready(Some(Err(error.into())));
        }
        self.request.leave();
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
