//! The environment, which is read once at cold start.

use std::time::Duration;

use salesforce_hosts::AllowedHosts;

pub mod origin;

use origin::{Origin, OriginError};

const DEFAULT_LOGIN_URL: &str = "https://login.salesforce.com";
const DEFAULT_TTL_SECONDS: &str = "900";

/// The shortest lifetime; with a shorter one every request would be a login.
const MIN_TTL_SECONDS: u64 = 120;
/// The longest session timeout that an org can configure (24 hours).
const MAX_TTL_SECONDS: u64 = 86_400;

/// The configuration.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Id of the secret with the client credentials.
    pub credentials_secret_id: String,
    /// Id of the secret that stores the token.
    pub token_secret_id: String,
    /// Stream of audit events, which are logged without one.
    pub audit_stream: Option<String>,
    /// Login URL, unless the credentials contain one.
    pub login_url: Origin,
    /// Hosts for which a token is accepted.
    pub allowed_hosts: AllowedHosts,
    /// Lifetime of a token for which Salesforce returns none.
    pub token_ttl: Duration,
}

/// The error of an environment variable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A required variable is unset or empty.
    #[error("environment variable {name} is not set")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// The login URL must not receive credentials.
    #[error("environment variable SALESFORCE_LOGIN_URL is not a login URL")]
    LoginUrl(#[source] OriginError),
    /// The list of allowed hosts contains an entry that is no host name.
    #[error(
        "environment variable SALESFORCE_ALLOWED_HOSTS contains `{entry}`, expected host names separated by commas, or `*.` before a domain"
    )]
    AllowedHosts {
        /// The entry.
        entry: String,
    },
    /// The lifetime is not a number in range.
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
    /// When a variable is missing or invalid; the error names it.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables with `lookup`; an empty value counts as unset.
    ///
    /// # Errors
    ///
    /// When a variable is missing or invalid; the error names it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let optional = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let required = |name| optional(name).ok_or(ConfigError::Missing { name });
        let login_url = optional("SALESFORCE_LOGIN_URL");
        let allowed_hosts = optional("SALESFORCE_ALLOWED_HOSTS");
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
            allowed_hosts: allowed_hosts
                .map_or_else(
                    || Ok(AllowedHosts::default()),
                    |hosts| AllowedHosts::parse(&hosts),
                )
                .map_err(|entry| ConfigError::AllowedHosts { entry })?,
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
    fn a_lifetime_out_of_range_is_rejected() {
        for ttl in ["119", "86401", "-1", "ten"] {
            let error = read(&[("TOKEN_TTL_SECONDS", ttl)]).unwrap_err();
            assert!(matches!(error, ConfigError::TokenTtl), "{ttl}");
        }
    }

    #[test]
    fn a_login_url_without_tls_is_rejected() {
        let error = read(&[("SALESFORCE_LOGIN_URL", "http://login.salesforce.com")]).unwrap_err();
        assert!(matches!(error, ConfigError::LoginUrl(OriginError::NotTls)));
    }

    #[test]
    fn allowed_hosts_are_read_and_a_malformed_entry_is_named() {
        let config = read(&[("SALESFORCE_ALLOWED_HOSTS", "*.gateway.example")]).unwrap();
        let gateway = Origin::parse("https://a.gateway.example").unwrap();
        let org = Origin::parse("https://acme.my.salesforce.com").unwrap();
        assert!(gateway.is_one_of(&config.allowed_hosts));
        assert!(!org.is_one_of(&config.allowed_hosts));
        assert!(org.is_one_of(&read(&[]).unwrap().allowed_hosts));
        let error = read(&[("SALESFORCE_ALLOWED_HOSTS", "a.example,*")]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("SALESFORCE_ALLOWED_HOSTS contains `*`")
        );
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
