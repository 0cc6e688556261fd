//! Why a call to Salesforce has no result.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::result::ConnectorError;
use hyper_util::client::legacy::Error as HyperError;

use crate::reply::Refusal;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The breaker is open: there was no call.
    #[error("calls are held back after a request limit")]
    HeldBack,
    /// There is no token to call with, and another try in this invocation gets none either.
    #[error("{cause}")]
    NoToken {
        /// Why, without address or content.
        cause: String,
    },
    /// Salesforce never saw it.
    #[error("{cause}")]
    NotSent {
        /// Why, without address or content.
        cause: String,
    },
    /// Salesforce may have done the work, the answer did not arrive or says nothing.
    #[error("{cause}")]
    Lost {
        /// What was seen instead of an answer.
        cause: String,
    },
    /// Salesforce answered something else than success.
    #[error("Salesforce answered {status}")]
    Answer {
        /// The HTTP status.
        status: u16,
        /// The first error of the body, when there is one.
        refusal: Option<Refusal>,
    },
}

/// What a failed exchange means.
pub(crate) fn not_answered(error: &ConnectorError) -> CallError {
    let cause = chain(error);
    if error.is_user() || is_connect(error) {
        CallError::NotSent { cause }
    } else {
        CallError::Lost { cause }
    }
}

/// Whether there was no connection, so that nothing can have been sent.
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

/// An error and its causes; none of them quotes an address or a body.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
