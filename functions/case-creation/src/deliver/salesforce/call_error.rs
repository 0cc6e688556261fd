//! Why a call to Salesforce has no result.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::result::ConnectorError;
use hyper_util::client::legacy::Error as HyperError;

use crate::ending::Rejection;

/// Why a call to Salesforce has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The breaker is open: no call was made.
    #[error("calls are held back after a limit of the org")]
    HeldBack,
    /// There is no access token, and another attempt in this invocation would not get one either.
    #[error("{cause}")]
    NoToken {
        /// The cause, without address or content.
        cause: String,
    },
    /// Salesforce did not receive the request.
    #[error("{cause}")]
    NotSent {
        /// The cause, without address or content.
        cause: String,
    },
    /// Salesforce may have done the work, but the answer did not arrive or cannot be read.
    #[error("{cause}")]
    Lost {
        /// What was received instead of an answer.
        cause: String,
    },
    /// Salesforce answered with an error status.
    #[error("Salesforce answered {status}")]
    Answer {
        /// The HTTP status.
        status: u16,
        /// The first error of the body, when there is one.
        rejection: Option<Rejection>,
    },
}

/// Classifies a failed exchange.
pub(crate) fn not_answered(error: &ConnectorError) -> CallError {
    let cause = chain(error);
    if error.is_user() || is_connect(error) {
        CallError::NotSent { cause }
    } else {
        CallError::Lost { cause }
    }
}

/// Whether there was no connection, so that nothing was sent.
fn is_connect(error: &ConnectorError) -> bool {
    let mut source = StdError::source(error);
    while let Some(inner) = source {
        if let Some(hyper) = inner.downcast_ref::<HyperError>() {
            return hyper.is_connect();
        }
        source = inner.source();
    }
    false
}

/// Formats an error and its causes; none of them contains an address or a body.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
