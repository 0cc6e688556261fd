//! Sends one `PutRecords` request with a body that is already encoded.

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

use super::response::{RecordResult, RequestError, record_results};

/// The response body that the SDK deserializes in place of the received one.
const NO_RECORDS: &str = r#"{"Records":[]}"#;

/// Sends one request and returns the result of each of its records.
///
/// The SDK signs and sends the operation, but an interceptor replaces the bodies of request and response, so that records
/// are neither copied into an SDK request and encoded again, nor copied out of an SDK response.
pub(crate) async fn put_records(
    client: &Client,
    stream: &str,
    body: Bytes,
) -> Result<Vec<RecordResult>, RequestError> {
    let exchange = BodyExchange {
        request: body,
        response: Arc::default(),
    };
    let response = Arc::clone(&exchange.response);
    let operation = client
        .put_records()
        .stream_name(stream)
        .set_records(Some(Vec::new()))
        .customize()
        .interceptor(exchange);
    // Boxed, because the large futures of the SDK would enlarge the futures of all callers.
    Box::pin(operation.send())
        .await
        .map_err(RequestError::from_sdk)?;
    let response = response
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
        .unwrap_or_else(SdkBody::empty);
    let content = ByteStream::new(response).collect().await;
    let content = content.map_err(RequestError::unreadable)?.into_bytes();
    record_results(&content).map_err(RequestError::unreadable)
}

/// The body of one request, and that of its response if it is a success.
#[derive(Debug)]
struct BodyExchange {
    request: Bytes,
    response: Arc<Mutex<Option<SdkBody>>>,
}

impl Intercept for BodyExchange {
    fn name(&self) -> &'static str {
        "kinesis_batch::BodyExchange"
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
            let body = std::mem::replace(response.body_mut(), SdkBody::from(NO_RECORDS));
            *self.response.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
        Ok(())
    }
}
