//! Why an invocation failed before anything of it was counted.

use function_log::Text;
use lambda_runtime::Diagnostic;

use crate::{notification::NotificationError, object::S3Error};

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
    #[error(transparent)]
    S3(#[from] S3Error),
    /// The deadline came before the object was opened.
    #[error("out of time before `{}` in bucket `{}` was opened", Text(.key), Text(.bucket))]
    OutOfTime {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
}

impl From<Error> for Diagnostic {
    /// What Lambda reports: the kind of failure by name, and its message, which contains no content.
    fn from(error: Error) -> Self {
        let error_type = match &error {
            Error::Notification(_) => "NotificationError",
            Error::S3(_) => "S3Error",
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
        let error = Error::S3(S3Error {
            operation: "read",
            bucket: "bucket".to_owned(),
            key: "incoming/a\n.csv".to_owned(),
            code: "NoSuchKey".to_owned(),
            retryable: false,
            source: "cause".into(),
        });
        let reported = Diagnostic::from(error);
        assert_eq!(reported.error_type, "S3Error");
        assert_eq!(
            reported.error_message,
            r"failed to read `incoming/a\n.csv` in bucket `bucket`: NoSuchKey"
        );
    }
}
