//! Everything that can go wrong outside of one record.

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// The cause of an error, of any type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why the function cannot start, or could not do a step.
///
/// No variant holds a token, a record body or a reply body, so all of them may be logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A required environment variable is missing or empty.
    #[error("environment variable `{name}` is not set")]
    MissingVariable {
        /// Its name.
        name: &'static str,
    },
    /// `SALESFORCE_API_VERSION` is not a version.
    #[error(
        "environment variable `SALESFORCE_API_VERSION` is `{value}`, expected a form like `v62.0`"
    )]
    ApiVersion {
        /// What it holds.
        value: String,
    },
    /// `MAX_RECORD_AGE_SECONDS` is not an age that a mapping can have.
    #[error(
        "environment variable `MAX_RECORD_AGE_SECONDS` is `{value}`, expected 60 seconds or more, or -1 for none"
    )]
    MaxRecordAge {
        /// What it holds.
        value: String,
    },
    /// The case mapping is not one.
    #[error("the case mapping from {from} is not usable: {reason}")]
    Mapping {
        /// Where the mapping comes from.
        from: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The built-in table of error codes is not one.
    #[error("the built-in table of Salesforce error codes is not usable")]
    ErrorCodes {
        /// What is wrong with it.
        source: BoxError,
    },
    /// The event is none that the function knows.
    #[error(
        "the event is neither a Kinesis batch nor a notification of S3: it has no `Records` of either"
    )]
    UnknownEvent,
    /// What the event source mapping wrote about a discarded batch cannot be read.
    #[error("the discarded batch in {place} cannot be read: {reason}")]
    Discarded {
        /// Its object, or the event.
        place: String,
        /// What is wrong with it; never its content.
        reason: &'static str,
    },
    /// Records of a discarded batch could not be decided yet.
    #[error("records of the discarded batch in {place} are not decided yet")]
    Undecided {
        /// Its object, or the event.
        place: String,
    },
    /// An AWS call failed.
    #[error("failed to {operation}: {cause}")]
    Aws {
        /// What was tried, on what.
        operation: String,
        /// The service's error code, or how the call failed.
        cause: String,
    },
    /// The token manager ran and failed.
    #[error("function `{function}` failed to refresh the token: {kind}")]
    TokenManager {
        /// The token manager.
        function: String,
        /// `Handled` or `Unhandled`, as Lambda says it.
        kind: String,
    },
    /// The secret holds no token that could be used.
    #[error("secret `{secret}` holds no usable token: {reason}")]
    NoToken {
        /// The secret.
        secret: String,
        /// What is missing; never its content.
        reason: &'static str,
    },
}

impl Error {
    /// Describes a failed AWS call by its code alone: the call's own error may quote a reply body.
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
