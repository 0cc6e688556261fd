//! The decision whether a new token is due.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Fingerprint, SKEW, Token};

/// The reason for which a new token is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Due {
    /// No token is stored.
    Missing,
    /// Salesforce rejected the stored token with 401.
    Rejected,
    /// The stored token is past 80 % of its lifetime.
    Aged,
    /// The stored token expires before the next request of the caller.
    EndsSoon,
}

/// Decides whether a new token is due, and why.
///
/// A rejected token that is not the stored one was already replaced, so it does not count.
pub fn due(
    now: Timestamp,
    stored: Option<&Token>,
    rejected: Option<&Fingerprint>,
    ahead: Duration,
) -> Option<Due> {
    let Some(stored) = stored else {
        return Some(Due::Missing);
    };
    if rejected.is_some_and(|rejected| *rejected == stored.fingerprint()) {
        return Some(Due::Rejected);
    }
    // A token from the future was written with a wrong clock, so its age is unknown.
    if now >= stored.soft_expiry()
        || now
            .checked_add(SKEW)
            .is_ok_and(|now| now < stored.issued_at)
    {
        return Some(Due::Aged);
    }
    let horizon = now.checked_add(ahead).unwrap_or(Timestamp::MAX);
    (!ahead.is_zero() && horizon >= stored.expires_at).then_some(Due::EndsSoon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::origin::Origin;

    const LIFETIME: Duration = Duration::from_secs(1030);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn token(text: &str) -> Token {
        let origin = Origin::parse("https://acme.my.salesforce.com").unwrap();
        Token::issued(text.into(), origin, at(0), LIFETIME)
    }

    fn is_due(second: i64, rejected: Option<&str>, ahead: u64) -> Option<Due> {
        let rejected = rejected.map(|text| token(text).fingerprint());
        let ahead = Duration::from_secs(ahead);
        due(at(second), Some(&token("one")), rejected.as_ref(), ahead)
    }

    #[test]
    fn a_token_is_due_at_80_percent_of_its_lifetime() {
        assert_eq!(token("one").expires_at, at(1000));
        assert_eq!(is_due(799, None, 0), None);
        assert_eq!(is_due(800, None, 0), Some(Due::Aged));
        assert_eq!(is_due(5000, None, 0), Some(Due::Aged));
        assert_eq!(due(at(0), None, None, Duration::ZERO), Some(Due::Missing));
    }

    #[test]
    fn a_rejected_token_is_due_only_while_it_is_the_stored_one() {
        assert_eq!(is_due(1, Some("one"), 0), Some(Due::Rejected));
        assert_eq!(is_due(1, Some("two"), 0), None);
        assert_eq!(is_due(800, Some("two"), 0), Some(Due::Aged));
    }

    #[test]
    fn a_schedule_replaces_a_token_that_expires_before_its_next_event() {
        assert_eq!(is_due(399, None, 600), None);
        assert_eq!(is_due(400, None, 600), Some(Due::EndsSoon));
    }

    #[test]
    fn a_token_from_the_future_is_due() {
        assert_eq!(is_due(-20, None, 0), None);
        assert_eq!(is_due(-31, None, 0), Some(Due::Aged));
    }
}
