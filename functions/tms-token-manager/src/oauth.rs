//! The OAuth client credentials grant.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Response, StatusCode, redirect::Policy};
use secrecy::ExposeSecret as _;

use crate::{
    grant::{self, Grant},
    origin::{Origin, OriginError},
    refused::{Login, Refused},
    secrets::Credentials,
};

const TOKEN_PATH: &str = "/services/oauth2/token";

/// More than any answer of a token endpoint.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// How long and how often to try.
#[derive(Debug, Clone)]
pub struct Patience {
    /// The most tries.
    pub attempts: u32,
    /// The longest time for one try.
    pub request_timeout: Duration,
    /// The longest pause before the second try; it doubles for each further one.
    pub first_pause: Duration,
    /// How long a refused login is not sent again.
    pub refusal: Duration,
}

/// The client of a token endpoint: one connection pool for the life of the process.
#[derive(Debug, Clone)]
pub struct TokenEndpoint {
    http: reqwest::Client,
    patience: Patience,
    refused: Arc<Refused>,
}

/// Why there is no token. No variant holds the body of an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OAuthError {
    /// The endpoint refused the credentials: another try changes nothing.
    #[error("{login_url} refused the login with status {status}, error `{code}`")]
    Refused {
        /// Where.
        login_url: Origin,
        /// HTTP status.
        status: u16,
        /// `error` of the answer.
        code: String,
    },
    /// The endpoint refused the same login a moment ago, so it was not sent.
    #[error(
        "{login_url} refused this login less than {seconds} s ago with status {status}, error `{code}`; \
         it was not sent again"
    )]
    StillRefused {
        /// Where.
        login_url: Origin,
        /// How long a refusal is remembered.
        seconds: u64,
        /// HTTP status.
        status: u16,
        /// `error` of the answer.
        code: String,
    },
    /// The endpoint is busy or broken.
    #[error("{login_url} could not handle the login: status {status}, error `{code}`")]
    Unavailable {
        /// Where.
        login_url: Origin,
        /// HTTP status.
        status: u16,
        /// `error` of the answer.
        code: String,
    },
    /// No answer in time.
    #[error("{login_url} did not answer the login in time")]
    Timeout {
        /// Where.
        login_url: Origin,
    },
    /// The connection failed.
    #[error("failed to reach {login_url}")]
    Unreachable {
        /// Where.
        login_url: Origin,
        /// What the HTTP client says, without the URL.
        source: reqwest::Error,
    },
    /// A success that is no grant.
    #[error("{login_url} answered the login with something that is no grant")]
    NoGrant {
        /// Where.
        login_url: Origin,
    },
    /// A grant for a host that the token must not be sent to.
    #[error("{login_url} granted a token for an instance URL that is not one")]
    InstanceUrl {
        /// Where.
        login_url: Origin,
        /// What is wrong with it.
        source: OriginError,
    },
    /// The HTTP client could not be made.
    #[error("failed to make the HTTP client")]
    Client(#[source] reqwest::Error),
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 3,
            request_timeout: Duration::from_secs(10),
            first_pause: Duration::from_millis(500),
            refusal: Duration::from_mins(1),
        }
    }
}

impl OAuthError {
    /// Whether another try can help.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::Timeout { .. } | Self::Unreachable { .. }
        )
    }
}

impl TokenEndpoint {
    /// Makes the client.
    ///
    /// # Errors
    ///
    /// When the TLS library cannot be set up.
    pub fn new(patience: Patience) -> Result<Self, OAuthError> {
        let http = reqwest::Client::builder()
            // Credentials go to the host they were meant for, and nowhere else.
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(3))
            // Connections die while the environment is frozen.
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(OAuthError::Client)?;
        Ok(Self {
            http,
            patience,
            refused: Arc::default(),
        })
    }

    /// Logs in, again after a passing failure, but never past `deadline`.
    ///
    /// # Errors
    ///
    /// The last failure; a refusal comes back at once, and for a while without another login.
    pub async fn client_credentials(
        &self,
        login_url: &Origin,
        credentials: &Credentials,
        deadline: Instant,
    ) -> Result<Grant, OAuthError> {
        let login = Login::new(login_url, credentials);
        let memory = self.patience.refusal;
        if let Some(error) = self.refused.find(login, login_url, memory) {
            return Err(error);
        }
        let mut attempt = 1;
        loop {
            let error = match self.request(login_url, credentials, deadline).await {
                Ok(grant) => return Ok(grant),
                Err(error) => error,
            };
            let pause = pause(self.patience.first_pause, attempt, fastrand::f64());
            let out_of_time = Instant::now() + pause >= deadline;
            if !error.is_retryable() || attempt >= self.patience.attempts || out_of_time {
                self.refused.remember(login, &error);
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn request(
        &self,
        login_url: &Origin,
        credentials: &Credentials,
        deadline: Instant,
    ) -> Result<Grant, OAuthError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", credentials.client_id.expose_secret()),
            ("client_secret", credentials.client_secret.expose_secret()),
        ];
        let request = self
            .http
            .post(format!("{login_url}{TOKEN_PATH}"))
            .form(&form);
        let request = request.timeout(left.min(self.patience.request_timeout));
        let answer = request
            .send()
            .await
            .map_err(|error| failed(login_url, error))?;
        let status = answer.status();
        let body = read(answer)
            .await
            .map_err(|error| failed(login_url, error))?;
        if status == StatusCode::OK {
            return grant::parse(login_url, &body);
        }
        let (login_url, code) = (login_url.clone(), grant::error_code(&body));
        let is_passing = status.is_server_error()
            || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        let status = status.as_u16();
        Err(if is_passing {
            OAuthError::Unavailable {
                login_url,
                status,
                code,
            }
        } else {
            OAuthError::Refused {
                login_url,
                status,
                code,
            }
        })
    }
}

async fn read(mut answer: Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            // Longer than any grant: what was read so far parses as none.
            break;
        }
    }
    Ok(body)
}

fn failed(login_url: &Origin, error: reqwest::Error) -> OAuthError {
    let login_url = login_url.clone();
    if error.is_timeout() {
        OAuthError::Timeout { login_url }
    } else {
        OAuthError::Unreachable {
            login_url,
            source: error.without_url(),
        }
    }
}

/// Full jitter: anything up to a bound that doubles with each try.
fn pause(first: Duration, attempt: u32, random: f64) -> Duration {
    let doubled = first.saturating_mul(1 << attempt.saturating_sub(1).min(6));
    doubled.mul_f64(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_spread() {
        let first = Duration::from_millis(500);
        assert_eq!(pause(first, 1, 1.0), first);
        assert_eq!(pause(first, 3, 1.0), 4 * first);
        assert_eq!(pause(first, 3, 0.0), Duration::ZERO);
        assert_eq!(pause(first, u32::MAX, 1.0), 64 * first);
    }
}
