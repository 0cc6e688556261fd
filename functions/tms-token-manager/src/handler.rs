//! One invocation: understand the event, decide, log in if a token is due, store, audit, answer.

use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use lambda_runtime::{Context, LambdaEvent};
use serde::Serialize;
use serde_json::Value;

use crate::{
    audit::{Actor, Audit, AuditEvent, Outcome},
    config::Config,
    error::Error,
    oauth::TokenEndpoint,
    request::{Refresh, Request},
    secrets::Secrets,
    token::{self, Due, Fingerprint, Token},
};

/// The longest time for a login with its retries.
const LOGIN_PATIENCE: Duration = Duration::from_secs(25);

/// Kept free for storing the token and for the audit event.
const AFTER_LOGIN: Duration = Duration::from_secs(10);

/// Everything an invocation needs.
#[derive(Debug)]
pub struct Handler {
    /// The two secrets.
    pub secrets: Secrets,
    /// Where tokens come from.
    pub endpoint: TokenEndpoint,
    /// Where audit events go.
    pub audit: Audit,
    /// The environment.
    pub config: Config,
}

/// What the caller learns: which token is stored, never the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Answer {
    /// The host the token is good for.
    pub instance_url: Option<String>,
    /// When it was asked for, RFC 3339.
    pub issued_at: Option<String>,
    /// When it ends, RFC 3339.
    pub expires_at: Option<String>,
    /// Whether this request stored a new one.
    pub refreshed: bool,
    /// The first 16 hexadecimal digits of its SHA-256.
    pub fingerprint: Option<Fingerprint>,
}

impl Handler {
    /// Handles one event.
    ///
    /// # Errors
    ///
    /// When the event asks for nothing that exists, or a token is due and there is none.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Answer, Error> {
        let context = event.context;
        match Request::parse(&event.payload)? {
            Request::Status => {
                let stored = self.secrets.token().await?;
                Ok(Answer::about(stored.ok().flatten().as_ref(), false))
            }
            Request::Refresh(refresh) => self.refresh(&refresh, &context).await,
        }
    }

    async fn refresh(&self, refresh: &Refresh, context: &Context) -> Result<Answer, Error> {
        let actor = if refresh.scheduled {
            Actor::Schedule
        } else {
            Actor::Caller
        };
        let stored = match self.secrets.token().await {
            Ok(stored) => stored.unwrap_or_else(|unreadable| {
                tracing::warn!(%unreadable, "the next token replaces it");
                None
            }),
            Err(error) => {
                let error = error.into();
                // Nobody knows whether a new token was due.
                let event = AuditEvent::refresh(context, actor, Outcome::Failed).because(&error);
                self.audit.record(&event).await;
                return Err(error);
            }
        };
        let rejected = refresh.rejected.as_ref();
        let Some(due) = token::due(Timestamp::now(), stored.as_ref(), rejected, refresh.ahead)
        else {
            self.audit_kept(context, actor, stored.as_ref()).await;
            return Ok(Answer::about(stored.as_ref(), false));
        };
        let renewed = self.renew(context).await;
        self.audit_renewed(context, actor, due, &renewed).await;
        Ok(Answer::about(Some(&renewed?), true))
    }

    /// Logs in and stores the token.
    async fn renew(&self, context: &Context) -> Result<Token, Error> {
        let credentials = self.secrets.credentials().await?;
        let login_url = credentials
            .login_url
            .as_ref()
            .unwrap_or(&self.config.login_url);
        // The token's life begins before the answer arrives.
        let asked_at = Timestamp::now();
        let deadline = login_deadline(context, SystemTime::now());
        let grant = self
            .endpoint
            .client_credentials(login_url, &credentials, deadline)
            .await?;
        let life = grant.expires_in.unwrap_or(self.config.token_ttl);
        let token = Token::issued(grant.access_token, grant.instance_url, asked_at, life);
        self.secrets.put_token(&token).await?;
        Ok(token)
    }

    async fn audit_kept(&self, context: &Context, actor: Actor, stored: Option<&Token>) {
        let event = AuditEvent::refresh(context, actor, Outcome::Kept);
        let event = stored
            .map(|token| event.clone().about(token))
            .unwrap_or(event);
        self.audit.record(&event).await;
    }

    async fn audit_renewed(
        &self,
        context: &Context,
        actor: Actor,
        due: Due,
        renewed: &Result<Token, Error>,
    ) {
        let mut event = match renewed {
            Ok(token) => AuditEvent::refresh(context, actor, Outcome::Refreshed).about(token),
            Err(error) => AuditEvent::refresh(context, actor, Outcome::Failed).because(error),
        };
        event.due = Some(due);
        self.audit.record(&event).await;
    }
}

impl Answer {
    fn about(token: Option<&Token>, refreshed: bool) -> Self {
        Self {
            instance_url: token.map(|token| token.instance_url.to_string()),
            issued_at: token.map(|token| token.issued_at.to_string()),
            expires_at: token.map(|token| token.expires_at.to_string()),
            refreshed,
            fingerprint: token.map(Token::fingerprint),
        }
    }
}

/// When a login must be given up, so that the rest of the invocation still fits.
fn login_deadline(context: &Context, now: SystemTime) -> Instant {
    let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(context.deadline);
    // Some local runtimes send a deadline in the past: that is no deadline.
    let left = deadline.duration_since(now).ok();
    let patience = left.map_or(LOGIN_PATIENCE, |left| left.saturating_sub(AFTER_LOGIN));
    Instant::now() + patience.min(LOGIN_PATIENCE)
}
