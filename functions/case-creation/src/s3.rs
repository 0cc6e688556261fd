//! The S3 adapter: reads objects, and writes objects that must not exist yet.

use aws_sdk_s3::{
    config::retry::RetryConfig, error::SdkError, operation::put_object::PutObjectError,
    primitives::ByteStream,
};
use function_log::Text;
use lambda_events::Object;
use response_limit::ResponseLimit;
use retry::Deadline;

use crate::Error;

/// The longest answer of an AWS service. The largest one is the report of a discarded batch: the event of a batch has at most
/// 6 MB, and the report contains it as a JSON string.
pub(crate) const MAX_ANSWER_BYTES: usize = 16 << 20;

/// The bucket of parked records, and the objects that notifications name.
#[derive(Debug)]
pub(crate) struct S3 {
    client: aws_sdk_s3::Client,
    bucket: String,
}

/// A failed write.
#[derive(Debug)]
pub(crate) struct PutError {
    pub(crate) error: Error,
    /// Whether the object may have been written in spite of the error.
    pub(crate) may_be_stored: bool,
}

impl S3 {
    pub(crate) fn new(config: &aws_config::SdkConfig, bucket: String, path_style: bool) -> Self {
        let config = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(path_style)
            // A retry depends on whether the write before it may have succeeded, so retries are the caller's.
            .retry_config(RetryConfig::disabled())
            .interceptor(ResponseLimit::bytes(MAX_ANSWER_BYTES))
            .build();
        Self {
            client: aws_sdk_s3::Client::from_conf(config),
            bucket,
        }
    }

    /// Writes an object; false when there is one with this key already.
    pub(crate) async fn put_new(
        &self,
        key: &str,
        body: &[u8],
        deadline: Deadline,
    ) -> Result<bool, PutError> {
        let call = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .content_type("application/json")
            .body(ByteStream::from(body.to_vec()));
        // Boxed, because the future of an SDK call is large.
        let call = Box::pin(call.send());
        let operation = format!("park a record in bucket `{}`", self.bucket);
        match deadline.run(call).await {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) => put_error(&error, operation),
            Err(timeout) => Err(PutError {
                error: Error::timeout(operation, timeout),
                may_be_stored: true,
            }),
        }
    }

    /// Reports whether there is an object with this key.
    pub(crate) async fn exists(&self, key: &str, deadline: Deadline) -> Result<bool, Error> {
        let operation = format!("look up a parked record in bucket `{}`", self.bucket);
        let call = self.client.head_object().bucket(&self.bucket).key(key);
        match deadline.run(Box::pin(call.send())).await {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) if status(&error) == Some(404) => Ok(false),
            Ok(Err(error)) => Err(Error::aws(operation, &error)),
            Err(timeout) => Err(Error::timeout(operation, timeout)),
        }
    }

    /// Reads an object of any bucket, up to [`MAX_ANSWER_BYTES`].
    pub(crate) async fn read(&self, object: &Object, deadline: Deadline) -> Result<Vec<u8>, Error> {
        let operation = || format!("read {}", object_name(object));
        let read = async {
            let call = self.client.get_object();
            let call = call.bucket(&object.bucket).key(&object.key);
            let call = call.set_version_id(object.version_id.clone());
            let answer = Box::pin(call.send())
                .await
                .map_err(|e| Error::aws(operation(), &e))?;
            let body = answer.body.collect().await;
            body.map_err(|_| Error::Aws {
                operation: operation(),
                cause: format!("the answer broke off, or is longer than {MAX_ANSWER_BYTES} bytes"),
            })
        };
        match deadline.run(read).await {
            Ok(body) => Ok(body?.to_vec()),
            Err(timeout) => Err(Error::timeout(operation(), timeout)),
        }
    }
}

/// Names an object in error messages.
pub(crate) fn object_name(object: &Object) -> String {
    format!(
        "object `{}` of bucket `{}`",
        Text(&object.key),
        Text(&object.bucket)
    )
}

fn put_error(error: &SdkError<PutObjectError>, operation: String) -> Result<bool, PutError> {
    let may_be_stored = match (status(error), error) {
        (Some(412), _) => return Ok(false),
        (Some(status), _) => status >= 500,
        (None, SdkError::ConstructionFailure(_)) => false,
        (None, _) => true,
    };
    Err(PutError {
        error: Error::aws(operation, error),
        may_be_stored,
    })
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}
