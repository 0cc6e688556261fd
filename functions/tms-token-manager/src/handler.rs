//! One invocation: request, decision, login, store, audit, answer.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lambda_runtime::{Context, LambdaEvent};
use retry::{Clock, Deadline, Margin};
use serde::Serialize;
use serde_json::Value;

use crate::{
    audit::{Actor, Audit, AuditEvent, Outcome},
    config::Config,
    error::Error,
    login::{TokenEndpoint, error::LoginError},
    request::{Refresh, Request},
    store::SecretStore,
    token::{Fingerprint, Token, due::due},
};

/// The time limit of a login with its retries.
const LOGIN_TIME: Duration = Duration::from_secs(25);

/// The time reserved for storing the token and for the audit event.
const AFTER_LOGIN: Margin = Margin::fixed(Duration::from_secs(10));

/// The clients and configuration of the function, used by every invocation.
#[derive(Debug)]
pub struct Handler {
    /// The secrets of credentials and token.
    pub store: SecretStore,
    /// The token endpoint of Salesforce.
    pub endpoint: TokenEndpoint,
    /// The destination of audit events.
    pub audit: Audit,
    /// The environment.
    pub config: Config,
}

/// The answer to the caller. It identifies the stored token without containing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Answer {
    /// The host for which the token is valid.
    pub instance_url: Option<String>,
    /// When the token was requested, RFC 3339.
    pub issued_at: Option<String>,
    /// When the token expires, RFC 3339.
    pub expires_at: Option<String>,
    /// Whether this request stored a new token.
    pub refreshed: bool,
    /// The first 16 hexadecimal digits of the SHA-256 of the token.
    pub fingerprint: Option<Fingerprint>,
}

impl Handler {
    /// Handles one event.
    ///
    /// # Errors
    ///
    /// When the event is not a valid request, or a new token is due and cannot be obtained or stored.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Answer, Error> {
        let context = event.context;
        match Request::parse(&event.payload) {
            Ok(Request::Status) => self.status(&context).await,
            Ok(Request::Refresh(refresh)) => self.refresh(&refresh, &context).await,
            Err(error) => {
                let error = error.into();
                let event = AuditEvent::new(&context, Actor::Caller, "unknown", Outcome::Failed);
                self.audit.record(&event.with_error(&error)).await;
                Err(error)
            }
        }
    }

    async fn status(&self, context: &Context) -> Result<Answer, Error> {
        let audit = |outcome| AuditEvent::new(context, Actor::Caller, "status", outcome);
        let stored = self.store.token().await.map_err(Error::from);
        let stored = stored.map(|token| token.ok().flatten());
        let event = match &stored {
            Ok(token) => audit(Outcome::Described).with_token(token.as_ref()),
            Err(error) => audit(Outcome::Failed).with_error(error),
        };
        self.audit.record(&event).await;
        Ok(Answer::new(stored?.as_ref(), false))
    }

    async fn refresh(&self, refresh: &Refresh, context: &Context) -> Result<Answer, Error> {
        let actor = if refresh.is_scheduled {
            Actor::Schedule
        } else {
            Actor::Caller
        };
        let audit = |outcome| AuditEvent::new(context, actor, "refresh", outcome);
        let stored = match self.store.token().await {
            Ok(stored) => stored.unwrap_or_else(|error| {
                tracing::warn!(%error, "the stored token will be replaced");
                None
            }),
            Err(error) => {
                let error = error.into();
                let event = audit(Outcome::Failed).with_error(&error);
                self.audit.record(&event).await;
                return Err(error);
            }
        };
        let rejected = refresh.rejected.as_ref();
        let Some(due) = due(Timestamp::now(), stored.as_ref(), rejected, refresh.ahead) else {
            let event = audit(Outcome::Kept).with_token(stored.as_ref());
            self.audit.record(&event).await;
            return Ok(Answer::new(stored.as_ref(), false));
        };
        let renewed = self.renew(refresh, context).await;
        let event = match &renewed {
            Ok(token) => audit(Outcome::Refreshed).with_token(Some(token)),
            Err(error) => audit(Outcome::Failed).with_error(error),
        };
        self.audit.record(&event.with_due(due)).await;
        Ok(Answer::new(Some(&renewed?), true))
    }

    /// Logs in and stores the new token. A token that an earlier request could not write is stored without a login.
    async fn renew(&self, refresh: &Refresh, context: &Context) -> Result<Token, Error> {
        let rejected = refresh.rejected.as_ref();
        if let Some(token) = self.store.unwritten()
            && due(Timestamp::now(), Some(&token), rejected, refresh.ahead).is_none()
        {
            self.store.put_token(&token).await?;
            return Ok(token);
        }
        let credentials = self.store.credentials().await?;
        let login_url = credentials
            .login_url
            .as_ref()
            .unwrap_or(&self.config.login_url);
        // The lifetime of the token begins before the response arrives.
        let requested_at = Timestamp::now();
        let grant = self
            .endpoint
            .client_credentials(login_url, &credentials, login_deadline(context))
            .await?;
        let lifetime = grant.expires_in.unwrap_or(self.config.token_ttl);
        let token = Token::issued(
            grant.access_token,
            grant.instance_url,
            requested_at,
            lifetime,
        );
        if rejected == Some(&token.fingerprint()) {
            let login_url = login_url.clone();
            return Err(LoginError::SameToken { login_url }.into());
        }
        self.store.put_token(&token).await?;
        Ok(token)
    }
}

impl Answer {
    fn new(token: Option<&Token>, refreshed: bool) -> Self {
        Self {
            instance_url: token.map(|token| token.instance_url.to_string()),
            issued_at: token.map(|token| token.issued_at.to_string()),
            expires_at: token.map(|token| token.expires_at.to_string()),
            refreshed,
            fingerprint: token.map(Token::fingerprint),
        }
    }
}

/// Returns the deadline of a login, after which the rest of the invocation still fits.
fn login_deadline(context: &Context) -> Deadline {
    let end = SystemTime::UNIX_EPOCH + Duration::from_millis(context.deadline);
    Deadline::at(end, Clock::system())
        .minus(AFTER_LOGIN)
        .within(LOGIN_TIME)
}
