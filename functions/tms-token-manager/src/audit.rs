//! One audit event for each request: to Kinesis if that works in time, else to the log.

use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use jiff::Timestamp;
use kinesis_batch::{Entry, Stream};
use lambda_runtime::Context;
use serde::Serialize;

use crate::{
    config::Config,
    error::Error,
    token::{Due, Fingerprint, Token},
};

/// A token must not wait for its audit event.
const PATIENCE: Duration = Duration::from_secs(2);

/// What happened to a request. It says which token, never the token.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct AuditEvent {
    /// Version of this shape.
    pub schema: &'static str,
    /// When the request was finished.
    pub time: String,
    /// The function that acted.
    pub function: String,
    /// Who made it act.
    pub actor: Actor,
    /// Id of the invocation.
    pub request_id: String,
    /// What was asked for.
    pub action: &'static str,
    /// The OAuth flow.
    pub flow: &'static str,
    /// What came of it.
    pub result: Outcome,
    /// Why a new token was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// The kind of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// Which token is stored now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// When that one ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// Who made the function act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Actor {
    /// A bare scheduled event.
    Schedule,
    /// Anyone who may invoke the function.
    Caller,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// A new token is stored.
    Refreshed,
    /// The stored token is good.
    Kept,
    /// A new token was due, and there is none.
    Failed,
}

/// Where audit events go.
#[derive(Debug, Clone)]
pub struct Audit {
    stream: Option<Stream>,
    patience: Duration,
}

impl AuditEvent {
    /// An event about a refresh, finished now.
    pub fn refresh(context: &Context, actor: Actor, result: Outcome) -> Self {
        Self {
            schema: "tms-audit/1",
            time: Timestamp::now().to_string(),
            function: context.invoked_function_arn.clone(),
            actor,
            request_id: context.request_id.clone(),
            action: "refresh",
            flow: "client_credentials",
            result,
            due: None,
            error: None,
            fingerprint: None,
            expires_at: None,
        }
    }

    /// The same event, about this token.
    #[must_use]
    pub fn about(mut self, token: &Token) -> Self {
        self.fingerprint = Some(token.fingerprint());
        self.expires_at = Some(token.expires_at.to_string());
        self
    }

    /// The same event, failed with this error.
    #[must_use]
    pub fn because(mut self, error: &Error) -> Self {
        self.error = Some(error.kind());
        self
    }
}

impl Audit {
    /// Audit on the configured stream, or in the log if there is none.
    pub fn new(aws: &SdkConfig, config: &Config) -> Self {
        let client = aws_sdk_kinesis::Client::new(aws);
        let stream = config
            .audit_stream
            .as_deref()
            .map(|name| Stream::new(&client, name));
        Self {
            stream,
            patience: PATIENCE,
        }
    }

    /// The same audit with another bound on its time.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Records an event, within a bounded time and without ever failing.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have recorded the event or not.
    pub async fn record(&self, event: &AuditEvent) {
        let json = serde_json::to_string(event).unwrap_or_default();
        let Some(stream) = &self.stream else {
            tracing::info!(audit = json, "token request");
            return;
        };
        let entries = [Entry::new(event.request_id.as_str(), json.as_str())];
        let put = stream.put(&entries, Some(Instant::now() + self.patience));
        let reason = match tokio::time::timeout(self.patience, put).await {
            Ok(results) => match results.into_iter().next() {
                Some(Ok(_)) => return,
                Some(Err(error)) => error.to_string(),
                None => "no result".to_owned(),
            },
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(audit = json, reason, "audit event did not reach its stream");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;

    #[test]
    fn an_event_says_which_token_and_never_the_token() {
        let origin = Origin::parse("https://a.org").unwrap();
        let issued_at = Timestamp::from_second(1_800_000_000).unwrap();
        let token = Token::issued("canary".into(), origin, issued_at, Duration::from_secs(930));
        let mut event = AuditEvent::refresh(&Context::default(), Actor::Caller, Outcome::Refreshed);
        event.due = Some(Due::Rejected);
        let json = serde_json::to_value(event.about(&token)).unwrap();
        assert_eq!(json["result"], "refreshed");
        assert_eq!(json["due"], "rejected");
        assert_eq!(json["fingerprint"], token.fingerprint().to_string());
        assert_eq!(json["expires_at"], "2027-01-15T08:15:00Z");
        assert!(json.get("error").is_none() && !json.to_string().contains("canary"));
    }
}
