//! Calls to Salesforce with a token. A rejected token is replaced once, and the call is repeated.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use retry::{Clock, Deadline};
use tokio::sync::Mutex;

use super::{
    breaker::{Breaker, Permit},
    call_error::CallError,
    client::Salesforce,
    error_codes::{ErrorClass, ErrorCodes},
    reply::{FoundCase, RecordReply},
    token::{Token, Tokens},
};
use crate::ending::Rejection;

/// The cause of the first failure to get a token in an invocation.
///
/// Each attempt may be a login, and many failed logins in a row can lock the user out. So an invocation makes no attempt
/// after the first failure. The event source mapping delivers again, with its own pauses.
#[derive(Debug, Default)]
pub(crate) struct TokenFailure(Mutex<Option<String>>);

/// The calls of one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(crate) salesforce: &'a Salesforce,
    pub(crate) breaker: &'a Breaker,
    pub(crate) tokens: &'a Tokens,
    pub(crate) codes: &'a ErrorCodes,
    pub(crate) longest_call: Duration,
    pub(crate) token_failure: &'a TokenFailure,
    /// The end of the time for calls.
    pub(crate) deadline: Deadline,
    pub(crate) clock: Clock,
}

impl Session<'_> {
    /// Creates records, as [`Salesforce::create`].
    pub(crate) async fn create(&self, records: &[&str]) -> Result<Vec<RecordReply>, CallError> {
        let permit = self.breaker.admit().ok_or(CallError::HeldBack)?;
        let client = self.salesforce;
        let token = self.in_time(self.tokens.get()).await?;
        let mut result = client.create(&token, records, self.call_timeout()).await;
        if let Some(token) = self.replaced_token(&token, &result).await? {
            result = client.create(&token, records, self.call_timeout()).await;
        }
        let mut limited = false;
        for rejection in rejections(&result) {
            match self.codes.record(rejection) {
                ErrorClass::Mapping => {
                    log_mapping(rejection, records);
                    limited = true;
                    break;
                }
                ErrorClass::Limit => limited = true,
                _ => {}
            }
        }
        self.report(permit, &result, limited);
        result
    }

    /// Finds a Case, as [`Salesforce::find`].
    pub(crate) async fn find(
        &self,
        field: &str,
        event_id: &str,
    ) -> Result<Option<FoundCase>, CallError> {
        let permit = self.breaker.admit().ok_or(CallError::HeldBack)?;
        let client = self.salesforce;
        let token = self.in_time(self.tokens.get()).await?;
        let find = |token, timeout| client.find(token, field, event_id, timeout);
        let mut result = find(Arc::clone(&token), self.call_timeout()).await;
        if let Some(token) = self.replaced_token(&token, &result).await? {
            result = find(token, self.call_timeout()).await;
        }
        self.report(permit, &result, false);
        result
    }

    /// Reports the result of a call to the breaker. Calls are held back shortly before the limit of the org, too, so that
    /// its users can make the remaining requests.
    fn report<T>(&self, permit: Permit<'_>, result: &Result<T, CallError>, limited: bool) {
        let limited = limited
            || self.salesforce.is_nearly_used_up()
            || matches!(result, Err(error) if self.class(error).is_some_and(holds_back));
        match result {
            _ if limited => permit.limited(),
            Ok(_) | Err(CallError::Answer { .. }) => permit.passed(),
            Err(_) => drop(permit),
        }
    }

    fn class(&self, error: &CallError) -> Option<ErrorClass> {
        let CallError::Answer { status, rejection } = error else {
            return None;
        };
        Some(self.codes.answer(rejection.as_ref(), *status))
    }

    /// Returns another token when Salesforce rejected this one.
    async fn replaced_token<T>(
        &self,
        token: &Token,
        result: &Result<T, CallError>,
    ) -> Result<Option<Arc<Token>>, CallError> {
        match result {
            Err(error) if self.class(error) == Some(ErrorClass::Token) => {
                self.in_time(self.tokens.replace(token)).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The remaining time for calls.
    pub(crate) fn remaining(&self) -> Duration {
        self.deadline.remaining().unwrap_or(Duration::MAX)
    }

    fn call_timeout(&self) -> Duration {
        self.deadline.share(self.longest_call)
    }

    async fn in_time<T>(
        &self,
        token: impl Future<Output = Result<T, crate::Error>>,
    ) -> Result<T, CallError> {
        // Locked while the token is fetched, so that concurrent calls share one failure.
        let mut failure = self.token_failure.0.lock().await;
        if let Some(cause) = failure.as_ref() {
            let cause = cause.clone();
            return Err(CallError::NoToken { cause });
        }
        let cause = match self.deadline.run(token).await {
            Ok(Ok(token)) => return Ok(token),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no token in time".to_owned(),
        };
        *failure = Some(cause.clone());
        Err(CallError::NoToken { cause })
    }
}

/// The errors of a call: that of the call itself, or those of its records.
fn rejections(result: &Result<Vec<RecordReply>, CallError>) -> impl Iterator<Item = &Rejection> {
    let (replies, error) = match result {
        Ok(replies) => (replies.as_slice(), None),
        Err(CallError::Answer { rejection, .. }) => (&[][..], rejection.as_ref()),
        Err(_) => (&[][..], None),
    };
    let of_records = replies
        .iter()
        .filter_map(|reply| reply.as_ref()?.as_ref().err());
    of_records.chain(error)
}

/// Logs that a field of the mapping does not exist or cannot be written. The breaker holds further calls back, so this
/// is one line for each probe call and not one for each record.
fn log_mapping(rejection: &Rejection, records: &[&str]) {
    let record = records.first().copied().unwrap_or_default();
    let is_mapped = |name: &&str| !name.is_empty() && record.contains(&format!("\"{name}\":"));
    let words = rejection
        .message
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let fields: BTreeSet<&str> = words
        .chain(rejection.fields.iter().map(String::as_str))
        .filter(is_mapped)
        .collect();
    tracing::error!(code = %rejection.code, ?fields, "the case mapping does not fit the org");
}

/// Whether an error of this class opens the breaker.
fn holds_back(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::Limit | ErrorClass::Mapping)
}
