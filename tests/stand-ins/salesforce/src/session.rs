//! Sessions: which tokens are valid, and until when.

use std::{collections::BTreeMap, fmt};

use axum::http::{HeaderMap, header::AUTHORIZATION};
use jiff::Timestamp;

/// The valid tokens and when they expire.
#[derive(Default)]
pub(crate) struct Sessions {
    expiries: BTreeMap<String, Timestamp>,
}

impl Sessions {
    pub(crate) fn open(&mut self, token: String, expires_at: Timestamp) {
        self.expiries.insert(token, expires_at);
    }

    pub(crate) fn end_all(&mut self) {
        self.expiries.clear();
    }

    /// Whether the request carries a valid token.
    pub(crate) fn contains_token_of(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let expiry = token.and_then(|token| self.expiries.get(token));
        expiry.is_some_and(|expiry| now < *expiry)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sessions")
            .field("count", &self.expiries.len())
            .finish()
    }
}
