//! Why an invocation failed before anything of it was counted.

use std::error::Error as StdError;

use lambda_runtime::Diagnostic;

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
        /// Whether the same request may succeed later.
        retryable: bool,
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

impl From<Error> for Diagnostic {
    /// What Lambda reports: the kind of failure by name, and its text, which holds no content.
    fn from(error: Error) -> Self {
        let error_type = match &error {
            Error::Notification(_) => "NotificationError",
            Error::S3 { .. } => "S3Error",
            Error::Queue { .. } => "QueueError",
            Error::OutOfTime { .. } => "OutOfTime",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_reports_the_kind_of_failure_by_name() {
        let error = Error::S3 {
            operation: "read",
            bucket: "bucket".to_owned(),
            key: "incoming/a.csv".to_owned(),
            code: "NoSuchKey".to_owned(),
            retryable: false,
            source: "cause".into(),
        };
        let reported = Diagnostic::from(error);
        assert_eq!(reported.error_type, "S3Error");
        assert_eq!(
            reported.error_message,
            "failed to read `incoming/a.csv` in bucket `bucket`: NoSuchKey"
        );
    }
}
