//! The access token, its two expiries, and the decision to get a new one.

use std::{fmt, time::Duration};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::origin::Origin;

/// A token is replaced ahead of its end, so that nobody waits for a login.
const SOFT_EXPIRY_PERCENT: u32 = 80;

/// Taken off every life: clocks differ, and an answer travels.
const SKEW: Duration = Duration::from_secs(30);

/// A Salesforce access token and where it is good.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself.
    pub access_token: SecretString,
    /// The host it is good for.
    pub instance_url: Origin,
    /// When it was asked for.
    pub issued_at: Timestamp,
    /// When it must not be used any more.
    pub expires_at: Timestamp,
}

/// Which token, without the token: the first 16 hexadecimal digits of its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

/// Why a new token is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Due {
    /// There is none.
    Missing,
    /// Salesforce answered the stored one with 401.
    Rejected,
    /// The stored one is past 80 % of its life.
    Aged,
    /// The stored one ends before the caller looks again.
    EndsSoon,
}

/// The token secret holds something that is neither a token nor the placeholder `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored token is unreadable")]
pub struct Unreadable;

/// The JSON of the token secret.
#[derive(Deserialize)]
struct Stored {
    access_token: String,
    instance_url: String,
    issued_at: String,
    expires_at: String,
}

impl Token {
    /// A token issued now, that lives as long as Salesforce says or as long as configured.
    pub fn issued(
        access_token: SecretString,
        instance_url: Origin,
        issued_at: Timestamp,
        life: Duration,
    ) -> Self {
        let expires_at = issued_at.checked_add(life.saturating_sub(SKEW));
        let expires_at = expires_at.unwrap_or(Timestamp::MAX);
        Self {
            access_token,
            instance_url,
            issued_at,
            expires_at,
        }
    }

    /// Reads the token secret; `None` is the placeholder `{}` from before the first refresh.
    ///
    /// # Errors
    ///
    /// When it is neither.
    pub fn from_secret(text: &SecretString) -> Result<Option<Self>, Unreadable> {
        let text = text.expose_secret();
        if text.split_whitespace().collect::<String>() == "{}" {
            return Ok(None);
        }
        let stored: Stored = serde_json::from_str(text).map_err(|_| Unreadable)?;
        Ok(Some(Self {
            access_token: stored.access_token.into(),
            instance_url: Origin::parse(&stored.instance_url).map_err(|_| Unreadable)?,
            issued_at: stored.issued_at.parse().map_err(|_| Unreadable)?,
            expires_at: stored.expires_at.parse().map_err(|_| Unreadable)?,
        }))
    }

    /// The text of the token secret.
    pub fn to_secret(&self) -> SecretString {
        let stored = serde_json::json!({
            "access_token": self.access_token.expose_secret(),
            "instance_url": self.instance_url.as_str(),
            "issued_at": self.issued_at.to_string(),
            "expires_at": self.expires_at.to_string(),
        });
        stored.to_string().into()
    }

    /// Which token this is.
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = HEXLOWER.encode(&Sha256::digest(self.access_token.expose_secret()));
        Fingerprint(digest.chars().take(16).collect())
    }

    /// When the token should be replaced.
    pub fn soft_expiry(&self) -> Timestamp {
        let life = self.issued_at.duration_until(self.expires_at);
        let soft = Duration::try_from(life).unwrap_or_default() * SOFT_EXPIRY_PERCENT / 100;
        self.issued_at.checked_add(soft).unwrap_or(self.expires_at)
    }
}

impl Fingerprint {
    /// Reads 16 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 16 && text.bytes().all(is_hex)).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Decides whether a new token is due.
///
/// A rejected token that is no longer the stored one was replaced already: then only age counts.
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
    // A token from the future was written by a wrong clock: its age says nothing.
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

    const LIFE: Duration = Duration::from_secs(1030);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn token(text: &str) -> Token {
        let origin = Origin::parse("https://acme.my.salesforce.com").unwrap();
        Token::issued(text.into(), origin, at(0), LIFE)
    }

    fn is_due(second: i64, rejected: Option<&str>, ahead: u64) -> Option<Due> {
        let rejected = rejected.map(|text| token(text).fingerprint());
        let ahead = Duration::from_secs(ahead);
        due(at(second), Some(&token("one")), rejected.as_ref(), ahead)
    }

    #[test]
    fn a_token_is_due_at_80_percent_of_its_life() {
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
    fn a_schedule_replaces_what_ends_before_it_comes_again() {
        assert_eq!(is_due(399, None, 600), None);
        assert_eq!(is_due(400, None, 600), Some(Due::EndsSoon));
    }

    #[test]
    fn a_token_from_the_future_is_due() {
        assert_eq!(is_due(-20, None, 0), None);
        assert_eq!(is_due(-31, None, 0), Some(Due::Aged));
    }

    #[test]
    fn the_fingerprint_is_the_agreed_one() {
        // printf abc | sha256sum
        assert_eq!(token("abc").fingerprint().to_string(), "ba7816bf8f01cfea");
        assert_eq!(Fingerprint::parse("BA7816BF8F01CFEA"), None);
        assert_eq!(Fingerprint::parse("ba7816bf8f01cfe"), None);
    }

    #[test]
    fn the_secret_is_read_back_as_it_was_written() {
        let read = Token::from_secret(&token("a\"b").to_secret())
            .unwrap()
            .unwrap();
        assert_eq!(read.access_token.expose_secret(), "a\"b");
        assert_eq!(read.instance_url, token("").instance_url);
        assert_eq!((read.issued_at, read.expires_at), (at(0), at(1000)));
    }

    #[test]
    fn the_placeholder_is_no_token_and_anything_else_is_unreadable() {
        assert!(Token::from_secret(&" { } \n".into()).unwrap().is_none());
        for text in ["", "[]", "{\"access_token\":1}", "null", "canary"] {
            assert_eq!(
                Token::from_secret(&text.into()).unwrap_err(),
                Unreadable,
                "{text}"
            );
        }
    }
}
