//! The response of a token endpoint: a grant, or the code of an error.

use std::time::Duration;

use reqwest::StatusCode;
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

/// Codes of passing failures, which Salesforce sends with status 400 as well.
///
/// Source: [OAuth 2.0, section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1), and
/// [Salesforce OAuth error codes](https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm),
/// whose `unknown_error` has the description "retry your request".
const PASSING_CODES: [&str; 3] = ["unknown_error", "server_error", "temporarily_unavailable"];

/// Parses the response to a successful login.
pub(crate) fn parse(login_url: &Origin, body: &[u8]) -> Result<Grant, LoginError> {
    let no_grant = || LoginError::NoGrant {
        login_url: login_url.clone(),
    };
    let grant: GrantJson = serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            no_grant()
        } else {
            LoginError::NoJson {
                login_url: login_url.clone(),
                status: 200,
            }
        }
    })?;
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

/// Returns the error of a response that is not a success.
///
/// Only the endpoint itself rejects credentials, with an error code. A page of a proxy or firewall has none, so the login is
/// sent again, but not if the address is wrong: after a redirect or 404.
pub(crate) fn failure(login_url: &Origin, status: StatusCode, body: &[u8]) -> LoginError {
    let code = error_code(body);
    let is_overloaded = status.is_server_error()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    let (login_url, status_code) = (login_url.clone(), status.as_u16());
    if is_overloaded || PASSING_CODES.contains(&code.as_str()) {
        return LoginError::Unavailable {
            login_url,
            status: status_code,
            code,
        };
    }
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    if status.is_client_error() && status != StatusCode::NOT_FOUND && !is_json {
        return LoginError::NoJson {
            login_url,
            status: status_code,
        };
    }
    LoginError::Refused {
        login_url,
        status: status_code,
        code,
    }
}

/// Returns the `error` of an OAuth response. The description may quote the request, so it is ignored.
fn error_code(body: &[u8]) -> String {
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
    fn only_an_error_code_that_does_not_pass_is_a_refusal() {
        for (status, body, is_retryable) in [
            (400, r#"{"error":"invalid_client"}"#, false),
            (401, r#"{"error":"invalid_client"}"#, false),
            (400, r#"{"error":"invalid_grant"}"#, false),
            (403, r#"{"error":"inactive_org"}"#, false),
            (
                400,
                r#"{"error":"unknown_error","error_description":"retry your request"}"#,
                true,
            ),
            (403, "<html>blocked</html>", true),
            (400, "", true),
            (404, "<html>URL No Longer Exists</html>", false),
            (307, "", false),
            (429, r#"{"error":"invalid_client"}"#, true),
            (503, "<html>", true),
        ] {
            let error = failure(
                &origin(),
                StatusCode::from_u16(status).unwrap(),
                body.as_bytes(),
            );
            assert_eq!(
                error.is_retryable(),
                is_retryable,
                "{status} {body}: {error}"
            );
            let is_refused = matches!(error, LoginError::Refused { .. });
            assert_eq!(is_refused, !is_retryable, "{status} {body}: {error}");
        }
    }

    #[test]
    fn a_success_that_is_not_json_is_retried_and_other_json_is_not() {
        for (body, is_retryable) in [
            ("<!DOCTYPE html><html>", true),
            ("", true),
            (r#"{"access_token":"t","instance_url":"https://a.or"#, true),
            ("{}", false),
            ("[]", false),
            (
                r#"{"access_token":7,"instance_url":"https://a.org"}"#,
                false,
            ),
        ] {
            let error = parse(&origin(), body.as_bytes()).unwrap_err();
            assert_eq!(error.is_retryable(), is_retryable, "{body}: {error}");
        }
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
