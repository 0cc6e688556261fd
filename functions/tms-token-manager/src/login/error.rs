//! The error of a login.

use crate::config::origin::{Origin, OriginError};

/// The largest response that is read from a token endpoint; a grant has about 1 KiB.
pub(crate) const MAX_RESPONSE_BYTES: usize = 64 << 10;

/// The error of a login. No variant contains a response body.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The endpoint rejected the credentials, which a retry does not change.
    #[error("{login_url} refused the login with status {status}, error `{code}`")]
    Refused {
        /// The endpoint.
        login_url: Origin,
        /// HTTP status.
        status: u16,
        /// `error` of the response.
        code: String,
    },
    /// The endpoint rejected the same credentials recently, so they were not sent.
    #[error(
        "{login_url} refused this login less than {seconds} s ago with status {status}, error `{code}`; \
         it was not sent again"
    )]
    StillRefused {
        /// The endpoint.
        login_url: Origin,
        /// The time in which rejected credentials are not sent again.
        seconds: u64,
        /// HTTP status.
        status: u16,
        /// `error` of the response.
        code: String,
    },
    /// The endpoint is overloaded or failed.
    #[error("{login_url} could not handle the login: status {status}, error `{code}`")]
    Unavailable {
        /// The endpoint.
        login_url: Origin,
        /// HTTP status.
        status: u16,
        /// `error` of the response.
        code: String,
    },
    /// No response within the time limit.
    #[error("{login_url} did not answer the login in time")]
    Timeout {
        /// The endpoint.
        login_url: Origin,
    },
    /// The connection failed.
    #[error("failed to reach {login_url}")]
    Unreachable {
        /// The endpoint.
        login_url: Origin,
        /// The error of the HTTP client, without the URL.
        source: reqwest::Error,
    },
    /// A response is neither a grant nor an error, for example a page of a proxy, or a response that was cut off.
    #[error("{login_url} answered the login with status {status} and a body that is not JSON")]
    NoJson {
        /// The endpoint.
        login_url: Origin,
        /// HTTP status.
        status: u16,
    },
    /// A successful response is not a grant.
    #[error("{login_url} answered the login with a response that is not a grant")]
    NoGrant {
        /// The endpoint.
        login_url: Origin,
    },
    /// The endpoint granted the token that Salesforce has just rejected with 401.
    #[error("{login_url} granted the token again that was rejected")]
    SameToken {
        /// The endpoint.
        login_url: Origin,
    },
    /// The response is larger than the limit.
    #[error("{login_url} answered the login with more than {MAX_RESPONSE_BYTES} bytes")]
    TooLarge {
        /// The endpoint.
        login_url: Origin,
    },
    /// The instance URL of a grant is not a valid origin.
    #[error("{login_url} granted a token with an invalid instance URL")]
    InstanceUrl {
        /// The endpoint.
        login_url: Origin,
        /// The error of the URL.
        source: OriginError,
    },
    /// The instance URL of a grant is not one of the allowed hosts, so the token must not be sent there.
    #[error(
        "{login_url} granted a token for {instance_url}, which is not one of SALESFORCE_ALLOWED_HOSTS"
    )]
    InstanceHost {
        /// The endpoint.
        login_url: Origin,
        /// The instance URL.
        instance_url: Origin,
    },
    /// The HTTP client could not be created.
    #[error("failed to create the HTTP client")]
    Client(#[source] reqwest::Error),
}

impl LoginError {
    /// Reports whether a retry may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Timeout { .. }
                | Self::Unreachable { .. }
                | Self::NoJson { .. }
        )
    }
}
