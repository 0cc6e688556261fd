//! The access token: read from its secret, cached while it is valid, refreshed once for all callers.

use std::{fmt, fmt::Write as _, sync::Arc, time::Duration};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use jiff::{SignedDuration, Timestamp};
use retry::Clock;
use salesforce_hosts::AllowedHosts;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::Url;

use crate::{Error, ending::Rejection};

/// A token is not used in the last seconds before it expires.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);
/// Secrets Manager may return the old value for a moment after a refresh.
const READS_AFTER_REFRESH: u32 = 4;
const PAUSE_BETWEEN_READS: Duration = Duration::from_millis(150);

/// The message of an error that contained the token.
const WITHHELD: &str = "(withheld, because the message contained the access token)";

/// A Salesforce access token and the host that may receive it.
pub(crate) struct Token {
    authorization: SecretString,
    instance_url: Url,
    fingerprint: String,
    expires_at: Option<Timestamp>,
}

/// The source of tokens: a secret, and the token manager that writes it.
pub(crate) struct Tokens {
    secrets: aws_sdk_secretsmanager::Client,
    lambda: aws_sdk_lambda::Client,
    secret_id: String,
    function: String,
    hosts: AllowedHosts,
    clock: Clock,
    /// Locked while a token is fetched, so that concurrent callers wait for one fetch.
    cached: Mutex<Option<Arc<Token>>>,
}

#[derive(Deserialize)]
struct TokenText {
    access_token: Option<String>,
    instance_url: Option<String>,
    expires_at: Option<String>,
}

impl Token {
    /// Reads the JSON of the secret. The error never contains any of it.
    fn parse(text: &SecretString, hosts: &AllowedHosts) -> Result<Self, &'static str> {
        let text: TokenText = serde_json::from_str(text.expose_secret())
            .map_err(|_| "it is not the JSON of a token")?;
        let access_token = text.access_token.ok_or("it contains no token yet")?;
        let access_token = SecretString::from(access_token);
        let url = text.instance_url.ok_or("it has no `instance_url`")?;
        let instance_url = Url::parse(&url).map_err(|_| "its `instance_url` is not a URL")?;
        if !hosts.allow(&instance_url) {
            return Err("its `instance_url` is not https on one of `SALESFORCE_ALLOWED_HOSTS`");
        }
        let expires_at = text
            .expires_at
            .map(|at| at.parse::<Timestamp>())
            .transpose();
        let header = format!("Bearer {}", access_token.expose_secret());
        if header.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
            return Err("its token is not valid in a header");
        }
        Ok(Self {
            authorization: SecretString::from(header),
            instance_url,
            fingerprint: fingerprint(access_token.expose_secret()),
            expires_at: expires_at.map_err(|_| "its `expires_at` is not an RFC 3339 time")?,
        })
    }

    /// Removes the message of an error that repeats this token, or the header of a request with another one.
    pub(crate) fn withhold_from(&self, rejection: &mut Rejection) {
        let header = self.authorization.expose_secret();
        let token = header.strip_prefix("Bearer ").unwrap_or(header);
        if rejection.message.contains(token) || rejection.message.contains("Bearer ") {
            rejection.message = String::from(WITHHELD);
        }
        rejection.fields.retain(|field| !field.contains(token));
    }

    /// The value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> &SecretString {
        &self.authorization
    }

    /// The address of the org.
    pub(crate) fn instance_url(&self) -> &Url {
        &self.instance_url
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at
            .is_none_or(|end| end.duration_since(now) > LEEWAY)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("fingerprint", &self.fingerprint)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new(
        secrets: aws_sdk_secretsmanager::Client,
        lambda: aws_sdk_lambda::Client,
        secret_id: String,
        function: String,
        hosts: AllowedHosts,
        clock: Clock,
    ) -> Self {
        Self {
            secrets,
            lambda,
            secret_id,
            function,
            hosts,
            clock,
            cached: Mutex::new(None),
        }
    }

    /// Returns a valid token; refreshes it when there is none.
    pub(crate) async fn get(&self) -> Result<Arc<Token>, Error> {
        let mut cached = self.cached.lock().await;
        if let Some(token) = cached
            .as_ref()
            .filter(|token| token.is_good(self.clock.now()))
        {
            return Ok(Arc::clone(token));
        }
        *cached = None;
        let token = match self.read().await? {
            Ok(token) if token.is_good(self.clock.now()) => token,
            Ok(_) | Err(_) => self.refresh(None).await?,
        };
        Ok(Arc::clone(cached.insert(Arc::new(token))))
    }

    /// Returns another token than `rejected`, which Salesforce answered with 401. Of several callers with the same
    /// rejected token one refreshes it, and the others get its result.
    pub(crate) async fn replace(&self, rejected: &Token) -> Result<Arc<Token>, Error> {
        let mut cached = self.cached.lock().await;
        let is_other = |token: &Token| {
            token.fingerprint != rejected.fingerprint && token.is_good(self.clock.now())
        };
        if let Some(token) = cached.as_ref().filter(|token| is_other(token)) {
            return Ok(Arc::clone(token));
        }
        *cached = None;
        // The schedule of the token manager may have renewed it already.
        let token = match self.read().await? {
            Ok(token) if is_other(&token) => token,
            Ok(_) | Err(_) => self.refresh(Some(&rejected.fingerprint)).await?,
        };
        Ok(Arc::clone(cached.insert(Arc::new(token))))
    }

    async fn refresh(&self, rejected: Option<&str>) -> Result<Token, Error> {
        self.invoke_manager(rejected).await?;
        let mut reason = "the token manager stored no other token, or an expired one";
        for read in 0..READS_AFTER_REFRESH {
            if read > 0 {
                self.clock.sleep(PAUSE_BETWEEN_READS).await;
            }
            match self.read().await? {
                Ok(token)
                    if token.is_good(self.clock.now())
                        && Some(token.fingerprint.as_str()) != rejected =>
                {
                    return Ok(token);
                }
                Ok(_) => {}
                Err(why) => reason = why,
            }
        }
        Err(Error::NoToken {
            secret: self.secret_id.clone(),
            reason,
        })
    }

    async fn invoke_manager(&self, rejected: Option<&str>) -> Result<(), Error> {
        let payload = match rejected {
            Some(fingerprint) => json!({ "action": "refresh", "rejected": fingerprint }),
            // The token manager must renew what is too old to be used here.
            None => json!({ "action": "refresh", "ahead_seconds": LEEWAY.as_secs() }),
        };
        let call = self.lambda.invoke().function_name(&self.function);
        let call = call.payload(Blob::new(payload.to_string()));
        let answer = Box::pin(call.send())
            .await
            .map_err(|error| Error::aws(format!("invoke `{}`", self.function), &error))?;
        match answer.function_error() {
            None => Ok(()),
            Some(kind) => Err(Error::TokenManager {
                function: self.function.clone(),
                kind: kind.to_owned(),
            }),
        }
    }

    /// Reads the secret. The inner error is the reason why it contains no token.
    async fn read(&self) -> Result<Result<Token, &'static str>, Error> {
        let call = self.secrets.get_secret_value().secret_id(&self.secret_id);
        // Boxed, because the future of an SDK call is large.
        match Box::pin(call.send()).await {
            Ok(answer) => Ok(match answer.secret_string {
                Some(text) => Token::parse(&SecretString::from(text), &self.hosts),
                None => Err("it contains no text"),
            }),
            // A secret without a value contains no token yet.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                Ok(Err("it does not exist or has no value"))
            }
            Err(error) => Err(Error::aws(
                format!("read secret `{}`", self.secret_id),
                &error,
            )),
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("secret_id", &self.secret_id)
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

/// Returns the first 16 hex digits of the SHA-256 of a token, which identify the token without disclosing it.
fn fingerprint(access_token: &str) -> String {
    let digest = Sha256::digest(access_token.as_bytes());
    digest.iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Token, &'static str> {
        Token::parse(&SecretString::from(text), &AllowedHosts::default())
    }

    #[test]
    fn a_fingerprint_is_the_head_of_the_sha_256() {
        assert_eq!(fingerprint("abc"), "ba7816bf8f01cfea");
    }

    #[test]
    fn a_token_is_valid_until_shortly_before_it_expires() {
        let text = r#"{"access_token": "t", "instance_url": "https://x.salesforce.com", "issued_at": "2026-01-01T00:00:00Z",
            "expires_at": "2026-01-01T01:00:00+00:00"}"#;
        let token = parse(text).unwrap();
        let at = |text: &str| token.is_good(text.parse().unwrap());
        assert!(at("2026-01-01T00:59:00Z"));
        assert!(!at("2026-01-01T00:59:40Z"));
        assert!(!at("2026-01-02T00:00:00Z"));
    }

    #[test]
    fn errors_do_not_contain_the_secret() {
        assert_eq!(parse("{}").unwrap_err(), "it contains no token yet");
        assert_eq!(
            parse("\"canary\"").unwrap_err(),
            "it is not the JSON of a token"
        );
        let reason = parse(r#"{"access_token": "canary", "instance_url": "nowhere"}"#).unwrap_err();
        assert_eq!(reason, "its `instance_url` is not a URL");
        let reason =
            parse(r#"{"access_token": "can\nary", "instance_url": "https://x.salesforce.com"}"#)
                .unwrap_err();
        assert_eq!(reason, "its token is not valid in a header");
    }

    #[test]
    fn debug_shows_no_token() {
        let token =
            parse(r#"{"access_token": "canary", "instance_url": "https://x.salesforce.com"}"#)
                .unwrap();
        assert!(!format!("{token:?} {:?}", token.authorization()).contains("canary"));
    }

    #[test]
    fn a_token_for_another_host_or_over_plain_http_is_not_used() {
        for url in [
            "http://acme.my.salesforce.com",
            "https://attacker.example",
            "https://acme.my.salesforce.com.attacker.example",
            "data:text/plain,x",
        ] {
            let text = format!(r#"{{"access_token": "canary", "instance_url": "{url}"}}"#);
            let reason = parse(&text).unwrap_err();
            assert!(
                reason.contains("SALESFORCE_ALLOWED_HOSTS"),
                "{url}: {reason}"
            );
        }
        assert!(parse(r#"{"access_token": "t", "instance_url": "http://127.0.0.1:80"}"#).is_ok());
    }

    #[test]
    fn an_error_that_repeats_the_token_is_withheld() {
        let token =
            parse(r#"{"access_token": "00Dx!AQ", "instance_url": "https://x.salesforce.com"}"#);
        let token = token.unwrap();
        let mut rejection = Rejection::new("INVALID_AUTH_HEADER", "Bearer 00Dx!AQ is not valid");
        rejection.fields = vec!["00Dx!AQ".to_owned(), "Subject".to_owned()];
        token.withhold_from(&mut rejection);
        assert!(!rejection.message.contains("00Dx"), "{}", rejection.message);
        assert_eq!(rejection.fields, ["Subject"]);
        let mut other = Rejection::new("STRING_TOO_LONG", "Subject: too long");
        token.withhold_from(&mut other);
        assert_eq!(other.message, "Subject: too long");
    }
}
