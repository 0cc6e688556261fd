//! The result of decoding a payload.

use serde_json::value::RawValue;

/// The largest payload in bytes. Lambda passes at most 6 MB to a function.
///
/// Source: [Lambda quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
pub const MAX_BYTES: usize = 8 << 20;
/// The largest number of notices in one payload. An SQS event has at most 10,000 messages.
pub const MAX_NOTICES: usize = 10_000;
/// The largest number of messages around a notification: SNS in SQS in a report of Lambda in SQS, and one more.
pub const MAX_NESTING: usize = 5;

/// A unit of redelivery: one SQS message, or the whole payload of any other invocation.
#[derive(Debug)]
pub struct Message {
    /// Id of the SQS message, for `batchItemFailures`; `None` when the payload is no SQS event.
    pub id: Option<String>,
    /// The notices of the message, in order. An error affects no other notice.
    pub notices: Vec<Result<Notice, Error>>,
}

/// One notice.
#[derive(Debug)]
pub enum Notice {
    /// S3 reports a created object.
    Created(Object),
    /// S3 reports that a notification was configured.
    TestEvent,
    /// S3 reports anything else about an object.
    Other(OtherEvent),
    /// A JSON document in none of the known forms.
    Document(Box<RawValue>),
}

/// A created object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Name of the bucket.
    pub bucket: String,
    /// Key, decoded.
    pub key: String,
    /// Version id; `None` in a bucket without versions, or with suspended versioning, where all objects share the
    /// id `null`.
    pub version_id: Option<String>,
    /// Entity tag, without quotes.
    pub e_tag: Option<String>,
    /// Size in bytes.
    pub size: Option<u64>,
}

/// An S3 event that is not about a created object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherEvent {
    /// Name of the event, `ObjectRemoved:Delete` for example.
    pub event: String,
    /// Bucket, when the event names one.
    pub bucket: Option<String>,
    /// Key as written in the event, when it names one.
    pub key: Option<String>,
}

/// Why a payload, or a part of it, could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A payload or message body is not JSON.
    #[error("payload or message body is not JSON")]
    NotJson,
    /// A record has none of the known sources.
    #[error("record is no notification of S3, SQS or SNS")]
    UnknownRecord,
    /// A notification lacks a required field.
    #[error("S3 notification has no `{field}`")]
    Missing {
        /// Path of the field.
        field: &'static str,
    },
    /// A notification has an unsupported major version.
    #[error("S3 notification has event version {version}, expected 2.x")]
    Version {
        /// The version.
        version: String,
    },
    /// An object key is not UTF-8 after percent-decoding.
    #[error("object key is not UTF-8")]
    KeyEncoding,
    /// The payload is larger than [`MAX_BYTES`].
    #[error("payload is larger than {} bytes", MAX_BYTES)]
    TooLarge,
    /// The payload contains more notices than [`MAX_NOTICES`].
    #[error("payload contains more than {} notices", MAX_NOTICES)]
    TooMany,
    /// Messages are nested deeper than [`MAX_NESTING`].
    #[error("messages are nested more than {} levels deep", MAX_NESTING)]
    TooDeep,
}
