//! Calls to Salesforce with a token: one that is rejected is replaced once, and the call repeated.

use std::{sync::Arc, time::Duration};

use kinesis_consumer::{Clock, Deadline};
use tokio::sync::Mutex;

use crate::{
    Class, ErrorCodes,
    breaker::{Breaker, Permit},
    call_error::CallError,
    reply::Item,
    salesforce::{Found, Salesforce},
    token::{Token, Tokens},
};

/// Why there was no token, once that is known.
///
/// Each question may be a login, and many refused logins in a row can lock the user out. So one
/// invocation asks until the first failure; the mapping delivers again, with its own pauses.
#[derive(Debug, Default)]
pub(crate) struct Missing(Mutex<Option<String>>);

/// The way to Salesforce, for one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(crate) salesforce: &'a Salesforce,
    pub(crate) breaker: &'a Breaker,
    pub(crate) tokens: &'a Tokens,
    pub(crate) codes: &'a ErrorCodes,
    pub(crate) longest_call: Duration,
    pub(crate) missing: &'a Missing,
    pub(crate) deadline: Deadline,
    pub(crate) clock: Clock,
}

impl Session<'_> {
    /// Creates records, as [`Salesforce::create`].
    pub(crate) async fn create(&self, records: &[&str]) -> Result<Vec<Item>, CallError> {
        let permit = self.breaker.admit().ok_or(CallError::HeldBack)?;
        let client = self.salesforce;
        let token = self.in_time(self.tokens.get()).await?;
        let mut result = client.create(&token, records, self.call_timeout()).await;
        if let Some(token) = self.token_instead(&token, &result).await? {
            result = client.create(&token, records, self.call_timeout()).await;
        }
        let is_limit = |item: &Item| match item {
            Item::Failed(refusal) => self.codes.code(&refusal.code) == Class::Limit,
            Item::Created | Item::Unreadable => false,
        };
        let limited = result.as_ref().is_ok_and(|all| all.iter().any(is_limit));
        self.report(permit, &result, limited);
        result
    }

    /// Finds a Case, as [`Salesforce::find`].
    pub(crate) async fn find(
        &self,
        field: &str,
        event_id: &str,
    ) -> Result<Option<Found>, CallError> {
        let permit = self.breaker.admit().ok_or(CallError::HeldBack)?;
        let client = self.salesforce;
        let token = self.in_time(self.tokens.get()).await?;
        let find = |token, timeout| client.find(token, field, event_id, timeout);
        let mut result = find(Arc::clone(&token), self.call_timeout()).await;
        if let Some(token) = self.token_instead(&token, &result).await? {
            result = find(token, self.call_timeout()).await;
        }
        self.report(permit, &result, false);
        result
    }

    /// Tells the breaker how a call went. Calls stop a little before the limit, too: what is left
    /// of it belongs to the people who use the org.
    fn report<T>(&self, permit: Permit<'_>, result: &Result<T, CallError>, limited: bool) {
        let limited = limited
            || self.salesforce.is_nearly_used_up()
            || matches!(result, Err(error) if self.class(error) == Some(Class::Limit));
        match result {
            _ if limited => permit.limited(),
            Ok(_) | Err(CallError::Answer { .. }) => permit.passed(),
            Err(_) => drop(permit),
        }
    }

    fn class(&self, error: &CallError) -> Option<Class> {
        let CallError::Answer { status, refusal } = error else {
            return None;
        };
        let code = refusal.as_ref().map(|refusal| refusal.code.as_str());
        Some(self.codes.answer(code, *status))
    }

    /// Another token, when Salesforce rejected this one.
    async fn token_instead<T>(
        &self,
        token: &Token,
        result: &Result<T, CallError>,
    ) -> Result<Option<Arc<Token>>, CallError> {
        match result {
            Err(error) if self.class(error) == Some(Class::Token) => {
                self.in_time(self.tokens.replace(token)).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    fn call_timeout(&self) -> Duration {
        self.deadline.request_timeout(self.longest_call)
    }

    async fn in_time<T>(
        &self,
        token: impl Future<Output = Result<T, crate::Error>>,
    ) -> Result<T, CallError> {
        // Held while the token is fetched: calls at the same time share one failure.
        let mut missing = self.missing.0.lock().await;
        if let Some(cause) = missing.as_ref() {
            let cause = cause.clone();
            return Err(CallError::NoToken { cause });
        }
        let limit = self.deadline.left_for_calls();
        let cause = match self.clock.timeout(limit, token).await {
            Ok(Ok(token)) => return Ok(token),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no token in time".to_owned(),
        };
        *missing = Some(cause.clone());
        Err(CallError::NoToken { cause })
    }
}
