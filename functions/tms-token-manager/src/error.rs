//! Why an invocation failed. Nothing here holds a secret, so `Debug` is safe to log.

use lambda_runtime::Diagnostic;

use crate::{oauth::OAuthError, request::RequestError, secrets::SecretError};

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The event asks for nothing that exists.
    #[error("failed to understand the event: {0}")]
    Request(RequestError),
    /// A secret could not be read, written or understood.
    #[error("failed to use a secret")]
    Secret(#[from] SecretError),
    /// There is no token to be had.
    #[error("failed to get a token")]
    OAuth(#[from] OAuthError),
}

impl Error {
    /// The kind of failure, for `errorType` and the audit event.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Request(_) => "BadRequest",
            Self::Secret(SecretError::Read { .. } | SecretError::Write { .. }) => {
                "SecretUnavailable"
            }
            Self::Secret(_) => "SecretMalformed",
            Self::OAuth(OAuthError::Refused { .. } | OAuthError::StillRefused { .. }) => {
                "LoginRefused"
            }
            Self::OAuth(error) if error.is_retryable() => "LoginUnavailable",
            Self::OAuth(_) => "LoginAnswerUnusable",
        }
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<Error> for Diagnostic {
    /// The caller sees one line, so the causes are joined here.
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
