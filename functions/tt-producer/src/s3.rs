//! The adapter to S3: opens an object, reads on after a break, keeps parked records.

use std::error::Error as StdError;

use aws_sdk_s3::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::get_object::GetObjectOutput,
    primitives::ByteStream,
};
use bytes::Bytes;

use crate::{Error, object::Object};

/// How often a body may break without a byte in between.
const BREAKS: u32 = 3;

/// The S3 of the function.
#[derive(Debug, Clone)]
pub(crate) struct S3 {
    client: Client,
}

/// The content of one version of an object, in order.
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
    pub(crate) async fn open(&self, object: &Object) -> Result<Body, Error> {
        let output = get(&self.client, object, None).await?;
        let mut object = object.clone();
        // Whatever the notification left open, a later part must be of the same version.
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

    /// Writes an object.
    pub(crate) async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<(), Error> {
        let request = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/x-ndjson")
            .body(ByteStream::from(body));
        // The futures of the SDK are large: boxed they do not swell those of all callers.
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
    /// A body that breaks is opened again where it broke, as long as that gains something.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
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

    /// Goes on at `offset`, forward.
    pub(crate) async fn seek(&mut self, offset: u64) -> Result<(), Error> {
        self.offset = offset;
        if self.length == Some(offset) {
            // S3 has no range for nothing.
            self.stream = ByteStream::from_static(b"");
            return Ok(());
        }
        let range = get(&self.client, &self.object, Some(offset)).await?;
        self.take(range, "nothing was read of it yet".into())
    }

    /// The rest of the content, if it begins where it must.
    fn take(
        &mut self,
        output: GetObjectOutput,
        source: Box<dyn StdError + Send + Sync>,
    ) -> Result<(), Error> {
        let begins = format!("bytes {}-", self.offset);
        let range = output.content_range.unwrap_or_default();
        if self.offset > 0 && !range.starts_with(&begins) {
            let code = format!("answer does not begin at byte {}", self.offset);
            return Err(self.error(code, source));
        }
        self.stream = output.body;
        Ok(())
    }

    fn error(&self, code: String, source: Box<dyn StdError + Send + Sync>) -> Error {
        Error::S3 {
            operation: "read on",
            bucket: self.object.bucket.clone(),
            key: self.object.key.clone(),
            code,
            retryable: true,
            source,
        }
    }

    async fn reopen(&mut self, source: Box<dyn StdError + Send + Sync>) -> Result<(), Error> {
        let whole = self.length.is_some_and(|length| self.offset >= length);
        if whole || self.breaks >= BREAKS {
            return Err(self.error(format!("content broke at byte {}", self.offset), source));
        }
        self.breaks += 1;
        tracing::warn!(
            key = self.object.key,
            offset = self.offset,
            "content broke, reading on"
        );
        let output = get(&self.client, &self.object, Some(self.offset)).await?;
        self.take(output, source)
    }
}

/// Gets an object from `offset` on. `If-Match` guards the parts of an object without version.
async fn get(
    client: &Client,
    object: &Object,
    offset: Option<u64>,
) -> Result<GetObjectOutput, Error> {
    let guarded = object.version_id.is_none() || offset.is_some();
    let e_tag = object
        .e_tag
        .as_ref()
        .filter(|_| guarded)
        .map(|tag| format!("\"{tag}\""));
    let range = offset
        .filter(|offset| *offset > 0)
        .map(|offset| format!("bytes={offset}-"));
    let request = client
        .get_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .set_version_id(object.version_id.clone())
        .set_if_match(e_tag)
        .set_range(range);
    Box::pin(request.send())
        .await
        .map_err(|error| s3_error("read", &object.bucket, &object.key, error))
}

fn s3_error<E>(operation: &'static str, bucket: &str, key: &str, error: SdkError<E>) -> Error
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
    // S3 tells with a status of the client's fault that it waited too long for the request.
    let refused = |status: u16| (400..500).contains(&status) && ![408, 429].contains(&status);
    let retryable = code == "RequestTimeout" || !status.is_some_and(refused);
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    Error::S3 {
        operation,
        bucket,
        key,
        code,
        retryable,
        source: Box::new(error),
    }
}
