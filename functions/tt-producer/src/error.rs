//! Why an invocation failed before anything of it was counted.

use std::error::Error as StdError;

use crate::notification::NotificationError;

/// Why an invocation failed.
///
/// Returned only while nothing was counted or published, so that Lambda may run it again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The payload is not for this function.
    #[error(transparent)]
    Notification(#[from] NotificationError),
    /// S3 refused an operation.
    #[error("failed to {operation} `{key}` in bucket `{bucket}`: {code}")]
    S3 {
        /// What was tried.
        operation: &'static str,
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The error code of S3, or the kind of failure.
        code: String,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The rest of an upload could not be handed to the next invocation.
    #[error("failed to hand the upload on to the next invocation: {code}")]
    Queue {
        /// The error code of the queue, or the kind of failure.
        code: String,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The deadline came before the object was opened.
    #[error("out of time before `{key}` in bucket `{bucket}` was opened")]
    OutOfTime {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
}
