//! The environment, read once at cold start.

use std::time::Duration;

use crate::origin::{Origin, OriginError};

const DEFAULT_LOGIN_URL: &str = "https://login.salesforce.com";
const DEFAULT_TTL_SECONDS: &str = "900";

/// The shortest life a token may be given: below it every request would be a login.
const MIN_TTL_SECONDS: u64 = 120;
/// The longest session an org can be set to (session settings: 24 hours).
const MAX_TTL_SECONDS: u64 = 86_400;

/// What the environment says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Secret with the client credentials.
    pub credentials_secret_id: String,
    /// Secret that takes the token.
    pub token_secret_id: String,
    /// Stream for audit events; without one they are log lines.
    pub audit_stream: Option<String>,
    /// Where to log in, unless the credentials say otherwise.
    pub login_url: Origin,
    /// How long a token lives when Salesforce does not say.
    pub token_ttl: Duration,
}

/// What is wrong with the environment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A required variable is unset or empty.
    #[error("environment variable {name} is not set")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// The login URL is not one to send credentials to.
    #[error("environment variable SALESFORCE_LOGIN_URL is no login URL")]
    LoginUrl(#[source] OriginError),
    /// The token's life is no number in range.
    #[error(
        "environment variable TOKEN_TTL_SECONDS must be a whole number from {MIN_TTL_SECONDS} to {MAX_TTL_SECONDS}"
    )]
    TokenTtl,
}

impl Config {
    /// Reads the process environment.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables through `lookup`; an empty value counts as unset.
    ///
    /// # Errors
    ///
    /// Names the variable that is missing or wrong.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let optional = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let required = |name| optional(name).ok_or(ConfigError::Missing { name });
        let login_url = optional("SALESFORCE_LOGIN_URL");
        let ttl = optional("TOKEN_TTL_SECONDS");
        let ttl = ttl
            .as_deref()
            .unwrap_or(DEFAULT_TTL_SECONDS)
            .trim()
            .parse()
            .ok();
        let in_range = |seconds: &u64| (MIN_TTL_SECONDS..=MAX_TTL_SECONDS).contains(seconds);
        Ok(Self {
            credentials_secret_id: required("SALESFORCE_CREDENTIALS_SECRET_ID")?,
            token_secret_id: required("SALESFORCE_TOKEN_SECRET_ID")?,
            audit_stream: optional("AUDIT_STREAM_NAME"),
            login_url: Origin::parse(login_url.as_deref().unwrap_or(DEFAULT_LOGIN_URL))
                .map_err(ConfigError::LoginUrl)?,
            token_ttl: ttl
                .filter(in_range)
                .map(Duration::from_secs)
                .ok_or(ConfigError::TokenTtl)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: [(&str, &str); 2] = [
        ("SALESFORCE_CREDENTIALS_SECRET_ID", "credentials"),
        ("SALESFORCE_TOKEN_SECRET_ID", "token"),
    ];

    fn read(extra: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let find = |name: &str| {
            let all = extra.iter().chain(&MINIMAL);
            all.clone()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Config::from_lookup(find)
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let config = read(&[]).unwrap();
        assert_eq!(config.login_url.as_str(), "https://login.salesforce.com");
        assert_eq!(config.token_ttl, Duration::from_mins(15));
        assert_eq!(config.audit_stream, None);
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = read(&[("SALESFORCE_TOKEN_SECRET_ID", " ")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable SALESFORCE_TOKEN_SECRET_ID is not set"
        );
    }

    #[test]
    fn a_life_out_of_range_is_refused() {
        for ttl in ["119", "86401", "-1", "ten"] {
            let error = read(&[("TOKEN_TTL_SECONDS", ttl)]).unwrap_err();
            assert!(matches!(error, ConfigError::TokenTtl), "{ttl}");
        }
    }

    #[test]
    fn a_login_url_without_tls_is_refused() {
        let error = read(&[("SALESFORCE_LOGIN_URL", "http://login.salesforce.com")]).unwrap_err();
        assert!(matches!(error, ConfigError::LoginUrl(OriginError::NotTls)));
    }

    #[test]
    fn env_vars_json_is_a_valid_environment() {
        let file = include_str!("../env-vars.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        let variables = &file["TMSTokenManager"];
        let config = Config::from_lookup(|name| variables[name].as_str().map(str::to_owned));
        assert!(config.unwrap().audit_stream.is_some());
    }
}
