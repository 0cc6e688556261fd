//! The error of an invocation. It contains no secret, so its `Debug` output may be logged.

use lambda_runtime::Diagnostic;

use crate::{login::error::LoginError, request::RequestError, store::SecretError};

/// The error of an invocation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The event is not a valid request.
    #[error("failed to understand the event: {0}")]
    Request(RequestError),
    /// A secret could not be read, written or parsed.
    #[error("failed to use a secret")]
    Secret(#[from] SecretError),
    /// The login failed.
    #[error("failed to get a token")]
    Login(#[from] LoginError),
}

impl Error {
    /// Returns the kind of error, for `errorType` and the audit event.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Request(_) => "BadRequest",
            Self::Secret(SecretError::Read { .. } | SecretError::Write { .. }) => {
                "SecretUnavailable"
            }
            Self::Secret(_) => "SecretMalformed",
            Self::Login(LoginError::Refused { .. } | LoginError::StillRefused { .. }) => {
                "LoginRefused"
            }
            Self::Login(LoginError::SameToken { .. }) => "SameToken",
            Self::Login(error) if error.is_retryable() => "LoginUnavailable",
            Self::Login(_) => "LoginAnswerUnusable",
        }
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<Error> for Diagnostic {
    /// Joins the causes, because the caller receives one message.
    fn from(error: Error) -> Self {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Self {
            error_type: error.kind().to_owned(),
            error_message: message,
        }
    }
}
