//! The login: the OAuth client credentials grant, with retries until a deadline.

use std::{sync::Arc, time::Duration};

use reqwest::{Response, StatusCode, redirect::Policy};
use retry::{Backoff, Clock, Deadline, RetryPolicy};
use salesforce_hosts::AllowedHosts;
use secrecy::ExposeSecret as _;

use crate::{config::origin::Origin, store::Credentials};

pub mod error;

pub mod grant;

mod refusal;

use error::{LoginError, MAX_RESPONSE_BYTES};
use grant::Grant;
use refusal::{LoginDigest, RefusalMemory};

const TOKEN_PATH: &str = "/services/oauth2/token";

/// Limits of a login.
#[derive(Debug, Clone)]
pub struct LoginLimits {
    /// When a failed login is sent again.
    pub retry: RetryPolicy,
    /// The time limit of one request.
    pub request_timeout: Duration,
    /// The time in which rejected credentials are not sent again.
    pub rejection_memory: Duration,
}

/// The client of a token endpoint, with one connection pool for the lifetime of the process.
#[derive(Debug, Clone)]
pub struct TokenEndpoint {
    http: reqwest::Client,
    limits: LoginLimits,
    allowed_hosts: AllowedHosts,
    rejected: Arc<RefusalMemory>,
}

impl Default for LoginLimits {
    fn default() -> Self {
        Self {
            retry: RetryPolicy {
                max_attempts: Some(3),
                backoff: Backoff::new(Duration::from_millis(500), Duration::from_secs(8)),
            },
            request_timeout: Duration::from_secs(10),
            rejection_memory: Duration::from_mins(1),
        }
    }
}

impl TokenEndpoint {
    /// Creates the client. Tokens are accepted for these hosts only.
    ///
    /// # Errors
    ///
    /// When the TLS library cannot be initialised.
    pub fn new(limits: LoginLimits, allowed_hosts: AllowedHosts) -> Result<Self, LoginError> {
        let http = reqwest::Client::builder()
            // A redirect would send the credentials to another host.
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(3))
            // Connections close while Lambda freezes the execution environment.
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(LoginError::Client)?;
        Ok(Self {
            http,
            limits,
            allowed_hosts,
            rejected: Arc::default(),
        })
    }

    /// Logs in, and retries transient failures until `deadline`.
    ///
    /// # Errors
    ///
    /// The last failure. Rejected credentials are not retried, and not sent again for [`LoginLimits::rejection_memory`].
    pub async fn client_credentials(
        &self,
        login_url: &Origin,
        credentials: &Credentials,
        deadline: Deadline,
    ) -> Result<Grant, LoginError> {
        let digest = LoginDigest::new(login_url, credentials);
        let memory = self.limits.rejection_memory;
        if let Some(error) = self.rejected.find(digest, login_url, memory) {
            return Err(error);
        }
        let mut attempts = 0;
        loop {
            let error = match self.request(login_url, credentials, deadline).await {
                Ok(grant) => return self.check_host(login_url, grant),
                Err(error) => error,
            };
            attempts += 1;
            let policy = self.limits.retry;
            let pause = policy.pause_after(attempts, deadline.remaining(), fastrand::f64());
            let Some(pause) = pause.filter(|_| error.is_retryable()) else {
                self.rejected.remember(digest, &error);
                return Err(error);
            };
            Clock::system().sleep(pause).await;
        }
    }

    fn check_host(&self, login_url: &Origin, grant: Grant) -> Result<Grant, LoginError> {
        if grant.instance_url.is_one_of(&self.allowed_hosts) {
            return Ok(grant);
        }
        Err(LoginError::InstanceHost {
            login_url: login_url.clone(),
            instance_url: grant.instance_url,
        })
    }

    async fn request(
        &self,
        login_url: &Origin,
        credentials: &Credentials,
        deadline: Deadline,
    ) -> Result<Grant, LoginError> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", credentials.client_id.expose_secret()),
            ("client_secret", credentials.client_secret.expose_secret()),
        ];
        let limit = deadline.within(self.limits.request_timeout).remaining();
        let request = self
            .http
            .post(format!("{login_url}{TOKEN_PATH}"))
            .form(&form)
            .timeout(limit.unwrap_or_default());
        let response = request
            .send()
            .await
            .map_err(|error| http_error(login_url, error))?;
        let status = response.status();
        let body = read(login_url, response).await?;
        if status == StatusCode::OK {
            return grant::parse(login_url, &body);
        }
        Err(grant::failure(login_url, status, &body))
    }
}

async fn read(login_url: &Origin, mut response: Response) -> Result<Vec<u8>, LoginError> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let Some(chunk) = chunk.map_err(|error| http_error(login_url, error))? else {
            return Ok(body);
        };
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            let login_url = login_url.clone();
            return Err(LoginError::TooLarge { login_url });
        }
        body.extend_from_slice(&chunk);
    }
}

fn http_error(login_url: &Origin, error: reqwest::Error) -> LoginError {
    let login_url = login_url.clone();
    if error.is_timeout() {
        LoginError::Timeout { login_url }
    } else {
        LoginError::Unreachable {
            login_url,
            source: error.without_url(),
        }
    }
}
