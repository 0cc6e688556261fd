//! The adapter to S3: opens an object, reads on after a break, checks that a version exists, writes parked lines.

use std::error::Error as StdError;

use aws_sdk_s3::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::get_object::GetObjectOutput,
    primitives::ByteStream,
};
use bytes::Bytes;
use function_log::Text;

use crate::upload::Object;

/// The number of breaks in a row, without a byte in between, after which a body is given up.
const MAX_BREAKS: u32 = 3;

/// An operation that S3 refused or did not answer.
#[derive(Debug, thiserror::Error)]
#[error("failed to {operation} `{}` in bucket `{}`: {}", Text(.key), Text(.bucket), Text(.code))]
pub struct S3Error {
    /// The operation.
    pub operation: &'static str,
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The error code of S3, or the kind of failure.
    pub code: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// The cause.
    pub source: Box<dyn StdError + Send + Sync>,
}

/// The S3 of the function.
#[derive(Debug, Clone)]
pub(crate) struct S3 {
    client: Client,
}

/// The bytes of one version of an object, in order.
#[derive(Debug)]
pub(crate) struct Body {
    client: Client,
    object: Object,
    stream: ByteStream,
    /// Bytes read.
    offset: u64,
    /// Bytes in all.
    length: Option<u64>,
    /// Breaks since the last byte.
    breaks: u32,
}

impl S3 {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Opens the version of the object that the notification was about.
    pub(crate) async fn open(&self, object: &Object) -> Result<Body, S3Error> {
        let output = get(&self.client, object, None).await?;
        let mut object = object.clone();
        // A later part must be of the same version, even if the notification contained no entity tag.
        object.e_tag = output
            .e_tag
            .map(|tag| tag.trim_matches('"').to_owned())
            .or(object.e_tag);
        Ok(Body {
            client: self.client.clone(),
            object,
            length: output
                .content_length
                .and_then(|length| length.try_into().ok()),
            stream: output.body,
            offset: 0,
            breaks: 0,
        })
    }

    /// Checks that a version of an object exists, and returns its length.
    pub(crate) async fn length(&self, object: &Object) -> Result<u64, S3Error> {
        let request = self
            .client
            .head_object()
            .bucket(&object.bucket)
            .key(&object.key)
            .set_version_id(object.version_id.clone())
            .set_if_match(e_tag(object, false));
        let output = Box::pin(request.send())
            .await
            .map_err(|error| s3_error("find", &object.bucket, &object.key, error))?;
        Ok(output
            .content_length
            .and_then(|length| length.try_into().ok())
            .unwrap_or_default())
    }

    /// Writes an object.
    pub(crate) async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<(), S3Error> {
        let request = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/x-ndjson")
            .body(ByteStream::from(body));
        // The futures of the SDK are large: boxed they do not enlarge those of all callers.
        match Box::pin(request.send()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(s3_error("write", bucket, key, error)),
        }
    }
}

impl Body {
    /// The object, with the entity tag of what was opened.
    pub(crate) fn object(&self) -> &Object {
        &self.object
    }

    /// The next bytes; `None` at the end.
    ///
    /// A body that breaks is opened again at the byte where it broke, as long as each attempt reads some bytes.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, S3Error> {
        loop {
            match self.stream.next().await {
                Some(Ok(bytes)) => {
                    self.offset += bytes.len() as u64;
                    self.breaks = 0;
                    return Ok(Some(bytes));
                }
                Some(Err(error)) => self.reopen(Box::new(error)).await?,
                None if self.length.is_some_and(|length| self.offset < length) => {
                    self.reopen("body ended early".into()).await?;
                }
                None => return Ok(None),
            }
        }
    }

    /// Goes on at `offset`, which lies ahead, or at the end. Returns where that is.
    pub(crate) async fn seek(&mut self, offset: u64) -> Result<u64, S3Error> {
        let end = self.length.filter(|length| offset >= *length);
        self.offset = end.unwrap_or(offset);
        if end.is_some() {
            // S3 has no range for an empty part.
            self.stream = ByteStream::from_static(b"");
        } else {
            let range = get(&self.client, &self.object, Some(offset)).await?;
            self.continue_with(range, "no byte was read of it".into())?;
        }
        Ok(self.offset)
    }

    /// Reads the rest from `output`, if that begins at the right byte.
    fn continue_with(
        &mut self,
        output: GetObjectOutput,
        source: Box<dyn StdError + Send + Sync>,
    ) -> Result<(), S3Error> {
        let begins = format!("bytes {}-", self.offset);
        let range = output.content_range.unwrap_or_default();
        if self.offset > 0 && !range.starts_with(&begins) {
            let code = format!("answer does not begin at byte {}", self.offset);
            return Err(self.error(code, source));
        }
        self.stream = output.body;
        Ok(())
    }

    fn error(&self, code: String, source: Box<dyn StdError + Send + Sync>) -> S3Error {
        S3Error {
            operation: "read on",
            bucket: self.object.bucket.clone(),
            key: self.object.key.clone(),
            code,
            retryable: true,
            source,
        }
    }

    async fn reopen(&mut self, source: Box<dyn StdError + Send + Sync>) -> Result<(), S3Error> {
        let is_complete = self.length.is_some_and(|length| self.offset >= length);
        if is_complete || self.breaks >= MAX_BREAKS {
            return Err(self.error(format!("content broke at byte {}", self.offset), source));
        }
        self.breaks += 1;
        tracing::warn!(
            key = self.object.key,
            offset = self.offset,
            "content broke, reading on"
        );
        let output = get(&self.client, &self.object, Some(self.offset)).await?;
        self.continue_with(output, source)
    }
}

/// Gets an object from `offset` on. `If-Match` guards the parts of an object without version.
async fn get(
    client: &Client,
    object: &Object,
    offset: Option<u64>,
) -> Result<GetObjectOutput, S3Error> {
    let range = offset
        .filter(|offset| *offset > 0)
        .map(|offset| format!("bytes={offset}-"));
    let request = client
        .get_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .set_version_id(object.version_id.clone())
        .set_if_match(e_tag(object, offset.is_some()))
        .set_range(range);
    Box::pin(request.send())
        .await
        .map_err(|error| s3_error("read", &object.bucket, &object.key, error))
}

/// The entity tag that a request depends on: always for a part, and otherwise for an object without version id.
fn e_tag(object: &Object, is_part: bool) -> Option<String> {
    let guarded = object.version_id.is_none() || is_part;
    let tag = object.e_tag.as_ref().filter(|_| guarded)?;
    Some(format!("\"{tag}\""))
}

fn s3_error<E>(operation: &'static str, bucket: &str, key: &str, error: SdkError<E>) -> S3Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let status = error.raw_response().map(|raw| raw.status().as_u16());
    let code = match (
        error.as_service_error().and_then(|error| error.code()),
        status,
    ) {
        (Some(code), _) => code.to_owned(),
        (None, Some(status)) => format!("HTTP status {status}"),
        (None, None) => "no answer".to_owned(),
    };
    // S3 reports with a client error that it waited too long for the request.
    let refused = |status: u16| (400..500).contains(&status) && ![408, 429].contains(&status);
    let retryable = code == "RequestTimeout" || !status.is_some_and(refused);
    S3Error {
        operation,
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        code,
        retryable,
        source: Box::new(error),
    }
}
