//! Errors that concern more than one record.

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use retry::TimedOut;

/// The cause of an error, of any type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why the function cannot start, or a step failed.
///
/// No variant contains a token, a record body or an answer body, so all of them may be logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A required environment variable is missing or empty.
    #[error("environment variable `{name}` is not set")]
    MissingVariable {
        /// Its name.
        name: &'static str,
    },
    /// `SALESFORCE_API_VERSION` is no version.
    #[error(
        "environment variable `SALESFORCE_API_VERSION` is `{value}`, expected a form like `v62.0`"
    )]
    ApiVersion {
        /// Its value.
        value: String,
    },
    /// `MAX_RECORD_AGE_SECONDS` is not an age that a mapping can have.
    #[error(
        "environment variable `MAX_RECORD_AGE_SECONDS` is `{value}`, expected 60 seconds or more, or -1 for none"
    )]
    MaxRecordAge {
        /// Its value.
        value: String,
    },
    /// `SALESFORCE_ALLOWED_HOSTS` contains an entry that is no host name.
    #[error(
        "environment variable `SALESFORCE_ALLOWED_HOSTS` contains `{entry}`, expected host names separated by commas, or `*.` before a domain"
    )]
    AllowedHosts {
        /// The entry.
        entry: String,
    },
    /// The case mapping is invalid.
    #[error("the case mapping from {from} is not usable: {reason}")]
    Mapping {
        /// The source of the mapping.
        from: &'static str,
        /// The reason.
        reason: String,
    },
    /// The built-in table of error codes is invalid.
    #[error("the built-in table of Salesforce error codes is not usable")]
    ErrorCodes {
        /// The reason.
        source: BoxError,
    },
    /// The event is of no supported kind.
    #[error(
        "the event is neither a Kinesis batch nor a notification of S3: it has no `Records` of either"
    )]
    UnknownEvent,
    /// A notification cannot be decoded.
    #[error(transparent)]
    Notification(#[from] lambda_events::Error),
    /// The report of the event source mapping about a discarded batch cannot be read.
    #[error("the discarded batch in {place} cannot be read: {reason}")]
    Discarded {
        /// Its object, or the event.
        place: String,
        /// The reason; never any of its content.
        reason: &'static str,
    },
    /// It is not known yet whether Cases exist for some records of a discarded batch.
    #[error("records of the discarded batch in {place} are not decided yet")]
    Undecided {
        /// Its object, or the event.
        place: String,
    },
    /// An AWS call failed.
    #[error("failed to {operation}: {cause}")]
    Aws {
        /// The operation and its object.
        operation: String,
        /// The error code of the service, or how the call failed.
        cause: String,
    },
    /// The token manager ran and failed.
    #[error("function `{function}` failed to refresh the token: {kind}")]
    TokenManager {
        /// The token manager.
        function: String,
        /// `Handled` or `Unhandled`, as Lambda reports it.
        kind: String,
    },
    /// The secret contains no valid token.
    #[error("secret `{secret}` contains no usable token: {reason}")]
    NoToken {
        /// The secret.
        secret: String,
        /// The reason; never any of its content.
        reason: &'static str,
    },
}

impl Error {
    /// Describes a call that did not end in time.
    pub(crate) fn timeout(operation: impl Into<String>, timeout: TimedOut) -> Self {
        Self::Aws {
            operation: operation.into(),
            cause: timeout.to_string(),
        }
    }

    /// Describes a failed AWS call by its error code alone, because the error of the call may contain an answer body.
    pub(crate) fn aws<E, R>(operation: impl Into<String>, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata,
    {
        let cause = match error {
            SdkError::ServiceError(service) => {
                service.err().code().unwrap_or("no error code").to_owned()
            }
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(connector) => DisplayErrorContext(connector).to_string(),
                None => "no answer".to_owned(),
            },
            SdkError::TimeoutError(_) => "timeout".to_owned(),
            SdkError::ResponseError(_) => "unreadable answer".to_owned(),
            _ => "the request could not be made".to_owned(),
        };
        Self::Aws {
            operation: operation.into(),
            cause,
        }
    }
}
