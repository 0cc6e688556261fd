//! Calls to Salesforce with a token: one that is rejected is replaced once, and the call repeated.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{sync::Mutex, time::timeout};

use crate::{
    Class, Deadline, ErrorCodes,
    reply::Item,
    salesforce::{CallError, Found, Salesforce},
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
    pub(crate) tokens: &'a Tokens,
    pub(crate) codes: &'a ErrorCodes,
    pub(crate) longest_call: Duration,
    pub(crate) missing: &'a Missing,
    pub(crate) deadline: Deadline,
}

impl Session<'_> {
    /// Creates records, as [`Salesforce::create`].
    pub(crate) async fn create(&self, records: &[&Value]) -> Result<Vec<Item>, CallError> {
        let client = self.salesforce;
        let token = self.in_time(self.tokens.get()).await?;
        let result = client.create(&token, records, self.call_timeout()).await;
        match self.token_instead(&token, &result).await? {
            Some(token) => client.create(&token, records, self.call_timeout()).await,
            None => result,
        }
    }

    /// Finds a Case, as [`Salesforce::find`].
    pub(crate) async fn find(
        &self,
        field: &str,
        event_id: &str,
    ) -> Result<Option<Found>, CallError> {
        let client = self.salesforce;
        let token = self.in_time(self.tokens.get()).await?;
        let result = client
            .find(&token, field, event_id, self.call_timeout())
            .await;
        match self.token_instead(&token, &result).await? {
            Some(token) => {
                client
                    .find(&token, field, event_id, self.call_timeout())
                    .await
            }
            None => result,
        }
    }

    /// Another token, when Salesforce rejected this one.
    async fn token_instead<T>(
        &self,
        token: &Token,
        result: &Result<T, CallError>,
    ) -> Result<Option<Arc<Token>>, CallError> {
        let Err(CallError::Answer { status, refusal }) = result else {
            return Ok(None);
        };
        let code = refusal.as_ref().map(|refusal| refusal.code.as_str());
        if self.codes.answer(code, *status) != Class::Token {
            return Ok(None);
        }
        self.in_time(self.tokens.replace(token)).await.map(Some)
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
        let cause = match timeout(self.deadline.left_for_calls(), token).await {
            Ok(Ok(token)) => return Ok(token),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no token in time".to_owned(),
        };
        *missing = Some(cause.clone());
        Err(CallError::NoToken { cause })
    }
}
