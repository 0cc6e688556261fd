//! The Salesforce token: read from its secret, kept while it is good, refreshed once for all.

use std::{fmt, fmt::Write as _, sync::Arc, time::Duration};

use aws_sdk_lambda::primitives::Blob;
use jiff::{SignedDuration, Timestamp};
use kinesis_consumer::Clock;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::Url;

use crate::Error;

/// A token this close to its end is not used any more.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);
/// A refreshed secret may be read stale for a moment.
const READS_AFTER_REFRESH: u32 = 4;
const PAUSE_BETWEEN_READS: Duration = Duration::from_millis(150);

/// A Salesforce access token and the host it is for.
pub(crate) struct Token {
    authorization: SecretString,
    instance_url: Url,
    fingerprint: String,
    expires_at: Option<Timestamp>,
}

/// Where tokens come from.
pub(crate) struct Tokens {
    secrets: aws_sdk_secretsmanager::Client,
    lambda: aws_sdk_lambda::Client,
    secret_id: String,
    function: String,
    clock: Clock,
    /// The lock is held while a token is fetched: all others wait for that one fetch.
    cached: Mutex<Option<Arc<Token>>>,
}

#[derive(Deserialize)]
struct TokenText {
    access_token: Option<String>,
    instance_url: Option<String>,
    expires_at: Option<String>,
}

impl Token {
    /// Reads the JSON of the secret. The reason never quotes it.
    fn parse(text: &SecretString) -> Result<Self, &'static str> {
        let text: TokenText = serde_json::from_str(text.expose_secret())
            .map_err(|_| "it is not the JSON of a token")?;
        let access_token = text.access_token.ok_or("it holds no token yet")?;
        let access_token = SecretString::from(access_token);
        let url = text.instance_url.ok_or("it has no `instance_url`")?;
        let instance_url = Url::parse(&url).map_err(|_| "its `instance_url` is not a URL")?;
        if instance_url.cannot_be_a_base() {
            return Err("its `instance_url` is not a web address");
        }
        let expires_at = text
            .expires_at
            .map(|at| at.parse::<Timestamp>())
            .transpose();
        let header = format!("Bearer {}", access_token.expose_secret());
        if header.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
            return Err("its token does not fit into a header");
        }
        Ok(Self {
            authorization: SecretString::from(header),
            instance_url,
            fingerprint: fingerprint(access_token.expose_secret()),
            expires_at: expires_at.map_err(|_| "its `expires_at` is not an RFC 3339 time")?,
        })
    }

    /// The value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> &SecretString {
        &self.authorization
    }

    /// The org's own host.
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
        clock: Clock,
    ) -> Self {
        Self {
            secrets,
            lambda,
            secret_id,
            function,
            clock,
            cached: Mutex::new(None),
        }
    }

    /// Returns a token that has not expired, refreshing it when there is none.
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

    /// Returns another token than `rejected`, which Salesforce answered with 401. Of many callers
    /// with the same rejected token one refreshes, the others get its result.
    pub(crate) async fn replace(&self, rejected: &Token) -> Result<Arc<Token>, Error> {
        let mut cached = self.cached.lock().await;
        let is_other = |token: &Token| {
            token.fingerprint != rejected.fingerprint && token.is_good(self.clock.now())
        };
        if let Some(token) = cached.as_ref().filter(|token| is_other(token)) {
            return Ok(Arc::clone(token));
        }
        *cached = None;
        // The schedule of the token manager may have been faster.
        let token = match self.read().await? {
            Ok(token) if is_other(&token) => token,
            Ok(_) | Err(_) => self.refresh(Some(&rejected.fingerprint)).await?,
        };
        Ok(Arc::clone(cached.insert(Arc::new(token))))
    }

    async fn refresh(&self, rejected: Option<&str>) -> Result<Token, Error> {
        self.invoke_manager(rejected).await?;
        let mut reason = "the token manager left the rejected or an expired one";
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
            // What is too old for us must be too old for the token manager.
            None => json!({ "action": "refresh", "ahead_seconds": LEEWAY.as_secs() }),
        };
        let call = self.lambda.invoke().function_name(&self.function);
        let answer = call
            .payload(Blob::new(payload.to_string()))
            .send()
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

    /// Reads the secret; the inner error says why it holds no token.
    async fn read(&self) -> Result<Result<Token, &'static str>, Error> {
        let call = self.secrets.get_secret_value().secret_id(&self.secret_id);
        match call.send().await {
            Ok(answer) => Ok(match answer.secret_string {
                Some(text) => Token::parse(&SecretString::from(text)),
                None => Err("it holds no text"),
            }),
            // A secret without a value yet is one without a token yet.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError::is_resource_not_found_exception) =>
            {
                Ok(Err("it does not exist or holds no value"))
            }
            Err(error) => Err(Error::aws(format!("read secret `{}`", self.secret_id), &error)),
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

/// The first 16 hex digits of the SHA-256 of a token: names it without giving it away.
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
    use crate::stand_in::StandIn;

    fn parse(text: &str) -> Result<Token, &'static str> {
        Token::parse(&SecretString::from(text))
    }

    #[test]
    fn a_fingerprint_is_the_head_of_the_sha_256() {
        assert_eq!(fingerprint("abc"), "ba7816bf8f01cfea");
    }

    #[test]
    fn a_token_is_good_until_shortly_before_its_end() {
        let text = r#"{"access_token": "t", "instance_url": "https://x.example", "issued_at": "2026-01-01T00:00:00Z",
            "expires_at": "2026-01-01T01:00:00+00:00"}"#;
        let token = parse(text).unwrap();
        let at = |text: &str| token.is_good(text.parse().unwrap());
        assert!(at("2026-01-01T00:59:00Z"));
        assert!(!at("2026-01-01T00:59:40Z"));
        assert!(!at("2026-01-02T00:00:00Z"));
    }

    #[test]
    fn what_is_no_token_is_told_without_its_content() {
        assert_eq!(parse("{}").unwrap_err(), "it holds no token yet");
        assert_eq!(
            parse("\"canary\"").unwrap_err(),
            "it is not the JSON of a token"
        );
        let reason = parse(r#"{"access_token": "canary", "instance_url": "nowhere"}"#).unwrap_err();
        assert_eq!(reason, "its `instance_url` is not a URL");
        let reason =
            parse(r#"{"access_token": "can\nary", "instance_url": "https://x"}"#).unwrap_err();
        assert_eq!(reason, "its token does not fit into a header");
    }

    #[test]
    fn debug_shows_no_token() {
        let token =
            parse(r#"{"access_token": "canary", "instance_url": "https://x.example"}"#).unwrap();
        assert!(!format!("{token:?} {:?}", token.authorization()).contains("canary"));
    }

    /// Tokens in simulated time, with a secret that is good for a minute.
    fn in_simulation(work: impl AsyncFnOnce(Clock, StandIn, Tokens)) {
        let start = Timestamp::try_from(std::time::SystemTime::now()).unwrap();
        kinesis_consumer::simulate(start, async |clock| {
            let outside = StandIn::within(clock);
            {
                let mut world = outside.world();
                let end = start + SignedDuration::from_mins(1);
                world.secret = world
                    .secret
                    .replace("2999-01-01T00:00:00Z", &end.to_string());
                world.next_token = "second-token".to_owned();
            }
            let aws = outside.aws_within();
            let secrets = aws_sdk_secretsmanager::Client::new(&aws);
            let lambda = aws_sdk_lambda::Client::new(&aws);
            let tokens = Tokens::new(secrets, lambda, "token".into(), "tms".into(), clock);
            work(clock, outside, tokens).await;
        });
    }

    #[test]
    fn a_token_that_expires_while_it_is_kept_is_refreshed() {
        in_simulation(async |clock, outside, tokens| {
            let first = tokens.get().await.unwrap();
            assert_eq!(tokens.get().await.unwrap().fingerprint, first.fingerprint);
            assert_eq!(outside.world().secret_reads, 1);
            clock.sleep(Duration::from_secs(35)).await;
            let second = tokens.get().await.unwrap();
            assert_eq!(second.fingerprint, fingerprint("second-token"));
            assert_eq!(outside.world().refreshes.len(), 1);
        });
    }

    #[test]
    fn a_secret_that_is_read_stale_after_a_refresh_is_read_again() {
        in_simulation(async |_, outside, tokens| {
            let first = tokens.get().await.unwrap();
            // One read is that before the refresh.
            outside.world().stale_reads = 3;
            let second = tokens.replace(&first).await.unwrap();
            assert_eq!(second.fingerprint, fingerprint("second-token"));
            assert_eq!(outside.world().secret_reads, 6);
        });
    }

    #[test]
    fn who_comes_with_a_token_that_was_replaced_meanwhile_gets_the_new_one_without_a_read() {
        in_simulation(async |_, outside, tokens| {
            let first = tokens.get().await.unwrap();
            let second = tokens.replace(&first).await.unwrap();
            let reads = outside.world().secret_reads;
            let third = tokens.replace(&first).await.unwrap();
            assert_eq!(second.fingerprint, third.fingerprint);
            assert_eq!(outside.world().secret_reads, reads);
        });
    }
}
