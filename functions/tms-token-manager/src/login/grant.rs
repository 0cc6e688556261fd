//! The response of a token endpoint: a grant, or the code of an error.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::error::LoginError;
use crate::config::origin::Origin;

/// A granted token.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The token.
    pub access_token: SecretString,
    /// The host for which the token is valid.
    pub instance_url: Origin,
    /// The lifetime, which Salesforce usually omits.
    pub expires_in: Option<Duration>,
}

#[derive(Deserialize)]
struct GrantJson {
    access_token: String,
    instance_url: String,
    expires_in: Option<Seconds>,
}

#[derive(Deserialize)]
struct ErrorJson {
    error: String,
}

/// The lifetime is a number in OAuth, and a string on some servers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

/// Parses the response to a successful login.
pub(crate) fn parse(login_url: &Origin, body: &[u8]) -> Result<Grant, LoginError> {
    let no_grant = || LoginError::NoGrant {
        login_url: login_url.clone(),
    };
    let grant: GrantJson = serde_json::from_slice(body).map_err(|_| no_grant())?;
    if grant.access_token.is_empty() {
        return Err(no_grant());
    }
    let instance_url = Origin::parse(&grant.instance_url);
    let expires_in = grant.expires_in.and_then(|seconds| match seconds {
        Seconds::Number(seconds) => Some(seconds),
        Seconds::Text(seconds) => seconds.parse().ok(),
    });
    Ok(Grant {
        access_token: grant.access_token.into(),
        instance_url: instance_url.map_err(|source| LoginError::InstanceUrl {
            login_url: login_url.clone(),
            source,
        })?,
        expires_in: expires_in
            .filter(|&seconds| seconds > 0)
            .map(Duration::from_secs),
    })
}

/// Returns the `error` of an OAuth response. The description may quote the request, so it is ignored.
pub(crate) fn error_code(body: &[u8]) -> String {
    let code = serde_json::from_slice(body)
        .map(|ErrorJson { error }| error)
        .unwrap_or_default();
    let is_code = (1..=40).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_code { code } else { "none".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin::parse("https://login.salesforce.com").unwrap()
    }

    #[test]
    fn a_lifetime_is_a_number_or_a_string_or_absent() {
        for (lifetime, expected) in [
            ("", None),
            (r#","expires_in":7200"#, Some(7200)),
            (r#","expires_in":"7200""#, Some(7200)),
            (r#","expires_in":0"#, None),
        ] {
            let body =
                format!(r#"{{"access_token":"t","instance_url":"https://a.org"{lifetime}}}"#);
            let grant = parse(&origin(), body.as_bytes()).unwrap();
            assert_eq!(grant.expires_in, expected.map(Duration::from_secs));
        }
    }

    #[test]
    fn a_grant_for_a_host_without_tls_is_refused() {
        let body = br#"{"access_token":"canary","instance_url":"http://evil.org"}"#;
        let error = parse(&origin(), body).unwrap_err();
        assert!(matches!(error, LoginError::InstanceUrl { .. }));
        assert!(!error.is_retryable() && !format!("{error:?} {error}").contains("canary"));
    }

    #[test]
    fn only_the_code_of_an_error_body_is_kept() {
        let body = br#"{"error":"invalid_client","error_description":"canary"}"#;
        assert_eq!(error_code(body), "invalid_client");
        for body in [
            "{\"error\":\"Canary 1!\"}",
            "canary",
            "",
            "{\"error\":{\"canary\":1}}",
        ] {
            assert_eq!(error_code(body.as_bytes()), "none");
        }
    }
}
