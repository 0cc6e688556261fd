//! The services around Case Creation for tests: the org of `salesforce-stand-in`, Secrets Manager, the token manager and
//! one bucket.
//!
//! [`Services::start`] serves all of them on one loopback port. [`Services::within`] answers calls in the process and in
//! simulated time.

mod aws;
mod in_process;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use jiff::Timestamp;
use retry::Clock;
use salesforce_stand_in::Org;

pub use aws::Aws;

/// The address of the org in simulated time. It is never resolved.
pub const ORG_URL: &str = "https://test.my.salesforce.com";

/// The running services. Clones share their state.
#[derive(Debug, Clone)]
pub struct Services {
    org: Org,
    aws: Arc<Mutex<Aws>>,
    clock: Clock,
    url: String,
}

impl Services {
    /// Serves them on a free port of the loopback address.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn start() -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let services = Self::new(url, Clock::system());
        let router = Router::new()
            .fallback(|State(services): State<Self>, request| async move {
                services.answer(request).await
            })
            .with_state(services.clone());
        let aws = Arc::clone(&services.aws);
        let listener = listener.tap_io(move |_| lock(&aws).connections += 1);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(services)
    }

    /// Answers within the process, by this clock.
    pub fn within(clock: Clock) -> Self {
        Self::new(ORG_URL.to_owned(), clock)
    }

    fn new(url: String, clock: Clock) -> Self {
        let org = Org::new(url.clone(), move || clock.now());
        org.change_rules(|rules| {
            rules.session = Duration::from_hours(24 * 365);
            rules.daily_requests = 1_000_000;
        });
        let services = Self {
            org,
            aws: Arc::default(),
            clock,
            url,
        };
        services.issue("token-0");
        services
    }

    /// The org.
    pub fn org(&self) -> &Org {
        &self.org
    }

    /// The state of the AWS services.
    pub fn aws(&self) -> MutexGuard<'_, Aws> {
        lock(&self.aws)
    }

    /// The address of all services.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The time of the services.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Stores a new token that the org accepts.
    pub fn issue(&self, token: &str) {
        self.org.accept_token(token);
        let secret = self.secret_of(token);
        self.aws().secret = secret;
    }

    /// The configuration of AWS clients that call the services on the loopback port.
    pub fn aws_config(&self) -> SdkConfig {
        let credentials = Credentials::new("test", "test", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(self.url.clone())
            .build()
    }

    /// The text of the secret with this token.
    pub fn secret_of(&self, token: &str) -> String {
        aws::secret(token, &self.url)
    }

    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, usize::MAX).await else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        if let Some(response) = aws::answer(self, &parts, &body) {
            return response;
        }
        self.org.answer(Request::from_parts(parts, body)).await
    }
}

fn lock(aws: &Mutex<Aws>) -> MutexGuard<'_, Aws> {
    aws.lock().unwrap_or_else(PoisonError::into_inner)
}
