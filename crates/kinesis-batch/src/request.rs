//! One `PutRecords`: the SDK signs and sends it, its content is written and read here.
//!
//! The SDK would copy each record into a request of its own, and each answer out of one.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_kinesis::{
    Client,
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{
            BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
        },
    },
    error::BoxError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use bytes::Bytes;

use crate::answer::{RecordAnswer, RequestFailure, answers};

/// What stands in for the answer where the SDK looks for it.
const NO_RECORDS: &str = r#"{"Records":[]}"#;

/// Sends one request; returns the answer for each of its records.
pub(crate) async fn put_records(
    client: &Client,
    stream: &str,
    body: Bytes,
) -> Result<Vec<RecordAnswer>, RequestFailure> {
    let exchange = Exchange {
        request: body,
        answer: Arc::default(),
    };
    let answer = Arc::clone(&exchange.answer);
    let operation = client
        .put_records()
        .stream_name(stream)
        .set_records(Some(Vec::new()))
        .customize()
        .interceptor(exchange);
    // The futures of the SDK are large: boxed they do not swell those of all callers.
    Box::pin(operation.send())
        .await
        .map_err(RequestFailure::of)?;
    let answer = answer
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
        .unwrap_or_else(SdkBody::empty);
    let content = ByteStream::new(answer).collect().await;
    let content = content.map_err(RequestFailure::unreadable)?.into_bytes();
    answers(&content).map_err(RequestFailure::unreadable)
}

/// The content of one request, and that of its answer if it is a success.
#[derive(Debug)]
struct Exchange {
    request: Bytes,
    answer: Arc<Mutex<Option<SdkBody>>>,
}

impl Intercept for Exchange {
    fn name(&self) -> &'static str {
        "kinesis_batch::Exchange"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let length = self.request.len().to_string();
        request.headers_mut().insert("content-length", length);
        *request.body_mut() = SdkBody::from(self.request.clone());
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if response.status().is_success() {
            let stand_in = SdkBody::from(NO_RECORDS);
            let answer = std::mem::replace(response.body_mut(), stand_in);
            *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        }
        Ok(())
    }
}
