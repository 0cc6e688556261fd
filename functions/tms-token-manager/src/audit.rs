//! One audit event for each request, on a Kinesis stream or in the log.

use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use jiff::Timestamp;
use kinesis_batch::{Entry, Stream};
use lambda_runtime::Context;
use serde::Serialize;

use crate::{
    config::Config,
    error::Error,
    token::{Fingerprint, Token, due::Due},
};

/// The time limit of an audit event, because the answer waits for it.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// The outcome of a request. It identifies the token without containing it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct AuditEvent {
    /// Version of the event format.
    pub schema: &'static str,
    /// When the request was completed.
    pub time: String,
    /// ARN of the function.
    pub function: String,
    /// The sender of the request.
    pub actor: Actor,
    /// Id of the invocation.
    pub request_id: String,
    /// The requested action, or `unknown`.
    pub action: &'static str,
    /// The OAuth flow.
    pub flow: &'static str,
    /// The outcome.
    pub result: Outcome,
    /// The reason for which a new token was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// The kind of error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// Fingerprint of the stored token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// When the stored token expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// The sender of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Actor {
    /// A scheduled event.
    Schedule,
    /// Any caller with permission to invoke the function.
    Caller,
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// A new token is stored.
    Refreshed,
    /// The stored token is still valid.
    Kept,
    /// The stored token was described.
    Described,
    /// The request could not be fulfilled.
    Failed,
}

/// The destination of audit events.
#[derive(Debug, Clone)]
pub struct Audit {
    stream: Option<Stream>,
    time_limit: Duration,
}

impl AuditEvent {
    /// Creates the event of a request that is completed now.
    pub fn new(context: &Context, actor: Actor, action: &'static str, result: Outcome) -> Self {
        Self {
            schema: "tms-audit/1",
            time: Timestamp::now().to_string(),
            function: context.invoked_function_arn.clone(),
            actor,
            request_id: context.request_id.clone(),
            action,
            flow: "client_credentials",
            result,
            due: None,
            error: None,
            fingerprint: None,
            expires_at: None,
        }
    }

    /// Adds the stored token.
    #[must_use]
    pub fn with_token(mut self, token: Option<&Token>) -> Self {
        self.fingerprint = token.map(Token::fingerprint);
        self.expires_at = token.map(|token| token.expires_at.to_string());
        self
    }

    /// Adds the reason for which a new token was due.
    #[must_use]
    pub fn with_due(mut self, due: Due) -> Self {
        self.due = Some(due);
        self
    }

    /// Adds the kind of an error.
    #[must_use]
    pub fn with_error(mut self, error: &Error) -> Self {
        self.error = Some(error.kind());
        self
    }
}

impl Audit {
    /// Returns the configured stream, or the log without one.
    pub fn new(aws: &SdkConfig, config: &Config) -> Self {
        let client = aws_sdk_kinesis::Client::new(aws);
        let stream = config
            .audit_stream
            .as_deref()
            .map(|name| Stream::new(&client, name));
        Self {
            stream,
            time_limit: TIME_LIMIT,
        }
    }

    /// Returns the same destination with another time limit.
    #[must_use]
    pub fn with_time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// Records an event within the time limit. A failure is logged, together with the event.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may or may not have recorded the event.
    pub async fn record(&self, event: &AuditEvent) {
        let json = serde_json::to_string(event).unwrap_or_default();
        let Some(stream) = &self.stream else {
            tracing::info!(audit = json, "token request");
            return;
        };
        let entries = [Entry::new(event.request_id.as_str(), json.as_str())];
        let put = stream.put(&entries, Some(Instant::now() + self.time_limit));
        let reason = match tokio::time::timeout(self.time_limit, put).await {
            Ok(results) => match results.into_iter().next() {
                Some(Ok(_)) => return,
                Some(Err(error)) => error.to_string(),
                None => "no result".to_owned(),
            },
            Err(_) => "no response in time".to_owned(),
        };
        tracing::warn!(audit = json, reason, "audit event did not reach its stream");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::origin::Origin;

    #[test]
    fn an_event_identifies_the_token_without_containing_it() {
        let origin = Origin::parse("https://a.org").unwrap();
        let issued_at = Timestamp::from_second(1_800_000_000).unwrap();
        let token = Token::issued("canary".into(), origin, issued_at, Duration::from_secs(930));
        let event = AuditEvent::new(
            &Context::default(),
            Actor::Caller,
            "refresh",
            Outcome::Refreshed,
        )
        .with_due(Due::Rejected)
        .with_token(Some(&token));
        let json = serde_json::to_value(event).unwrap();
        assert_eq!(json["result"], "refreshed");
        assert_eq!(json["due"], "rejected");
        assert_eq!(json["fingerprint"], token.fingerprint().to_string());
        assert_eq!(json["expires_at"], "2027-01-15T08:15:00Z");
        assert!(json.get("error").is_none() && !json.to_string().contains("canary"));
    }
}
