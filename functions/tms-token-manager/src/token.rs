//! The access token, its expiry and its fingerprint.

use std::{fmt, time::Duration};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::origin::Origin;

pub mod due;

/// The part of its lifetime after which a token is replaced, so that no caller waits for a login.
const SOFT_EXPIRY_PERCENT: u32 = 80;

/// The part of a lifetime that is not used, for clock differences and the time of the response.
const SKEW: Duration = Duration::from_secs(30);

/// A Salesforce access token and the host for which it is valid.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token.
    pub access_token: SecretString,
    /// The host for which it is valid.
    pub instance_url: Origin,
    /// When it was requested.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// Identifies a token without containing it: the first 16 hexadecimal digits of its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

/// The content of the token secret is neither a token nor the placeholder `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored token is unreadable")]
pub struct UnreadableToken;

/// The JSON of the token secret.
#[derive(Deserialize)]
struct Stored {
    access_token: String,
    instance_url: String,
    issued_at: String,
    expires_at: String,
}

impl Token {
    /// Creates a token with the lifetime that Salesforce or the configuration defines.
    pub fn issued(
        access_token: SecretString,
        instance_url: Origin,
        issued_at: Timestamp,
        lifetime: Duration,
    ) -> Self {
        let expires_at = issued_at.checked_add(lifetime.saturating_sub(SKEW));
        let expires_at = expires_at.unwrap_or(Timestamp::MAX);
        Self {
            access_token,
            instance_url,
            issued_at,
            expires_at,
        }
    }

    /// Parses the token secret; `None` is the placeholder `{}` from before the first refresh.
    ///
    /// # Errors
    ///
    /// When the secret is neither a token nor the placeholder.
    pub fn from_secret(text: &SecretString) -> Result<Option<Self>, UnreadableToken> {
        let text = text.expose_secret();
        if text.split_whitespace().collect::<String>() == "{}" {
            return Ok(None);
        }
        let stored: Stored = serde_json::from_str(text).map_err(|_| UnreadableToken)?;
        Ok(Some(Self {
            access_token: stored.access_token.into(),
            instance_url: Origin::parse(&stored.instance_url).map_err(|_| UnreadableToken)?,
            issued_at: stored.issued_at.parse().map_err(|_| UnreadableToken)?,
            expires_at: stored.expires_at.parse().map_err(|_| UnreadableToken)?,
        }))
    }

    /// Returns the text of the token secret.
    pub fn to_secret(&self) -> SecretString {
        let stored = serde_json::json!({
            "access_token": self.access_token.expose_secret(),
            "instance_url": self.instance_url.as_str(),
            "issued_at": self.issued_at.to_string(),
            "expires_at": self.expires_at.to_string(),
        });
        stored.to_string().into()
    }

    /// Returns the fingerprint of the token.
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = HEXLOWER.encode(&Sha256::digest(self.access_token.expose_secret()));
        Fingerprint(digest.chars().take(16).collect())
    }

    /// Returns the time from which the token should be replaced.
    pub fn soft_expiry(&self) -> Timestamp {
        let lifetime = self.issued_at.duration_until(self.expires_at);
        let soft = Duration::try_from(lifetime).unwrap_or_default() * SOFT_EXPIRY_PERCENT / 100;
        self.issued_at.checked_add(soft).unwrap_or(self.expires_at)
    }
}

impl Fingerprint {
    /// Parses 16 lower-case hexadecimal digits.
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

    #[test]
    fn the_fingerprint_is_the_first_half_of_the_digest_as_documented() {
        // printf abc | sha256sum
        assert_eq!(token("abc").fingerprint().to_string(), "ba7816bf8f01cfea");
        assert_eq!(Fingerprint::parse("BA7816BF8F01CFEA"), None);
        assert_eq!(Fingerprint::parse("ba7816bf8f01cfe"), None);
    }

    #[test]
    fn a_written_secret_is_read_back() {
        let read = Token::from_secret(&token("a\"b").to_secret())
            .unwrap()
            .unwrap();
        assert_eq!(read.access_token.expose_secret(), "a\"b");
        assert_eq!(read.instance_url, token("").instance_url);
        assert_eq!((read.issued_at, read.expires_at), (at(0), at(1000)));
    }

    #[test]
    fn the_placeholder_is_no_token_and_other_content_is_unreadable() {
        assert!(Token::from_secret(&" { } \n".into()).unwrap().is_none());
        for text in ["", "[]", "{\"access_token\":1}", "null", "canary"] {
            assert_eq!(
                Token::from_secret(&text.into()).unwrap_err(),
                UnreadableToken,
                "{text}"
            );
        }
    }
}
