//! Secrets Manager, the token manager behind Lambda, and one bucket of S3.

use std::collections::{BTreeMap, VecDeque};

use axum::{
    http::{HeaderMap, Method, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::Services;

/// The state of the services.
#[derive(Debug, Default)]
pub struct Aws {
    /// The text of the token secret.
    pub secret: String,
    /// Reads of the secret.
    pub secret_reads: usize,
    /// How many reads after a refresh still return the previous text.
    pub stale_reads: usize,
    stale_secret: String,
    /// The token that the next refresh stores; by default a new one.
    pub next_token: Option<String>,
    /// Whether the org rejects tokens that are refreshed.
    pub refreshed_tokens_are_rejected: bool,
    /// Whether the token manager fails, as it does when the org rejects its login.
    pub token_manager_fails: bool,
    /// Payloads of the token manager.
    pub refreshes: Vec<Value>,
    /// Connections of all clients.
    pub connections: usize,
    /// Objects that can be read, by key.
    pub objects: BTreeMap<String, Vec<u8>>,
    /// Parked records by key.
    pub parked: BTreeMap<String, Value>,
    /// For each write: whether the bucket stores the object, and the status that it answers.
    pub put_faults: VecDeque<(bool, u16)>,
    /// For each lookup of a parked record: the status that the bucket answers.
    pub head_faults: VecDeque<u16>,
}

/// The text of a token secret.
pub(crate) fn secret(token: &str, url: &str) -> String {
    json!({
        "access_token": token,
        "instance_url": url,
        "issued_at": "2026-01-01T00:00:00Z",
        "expires_at": "2999-01-01T00:00:00Z",
    })
    .to_string()
}

/// Answers a request of an AWS client; `None` when it is for the org.
pub(crate) fn answer(services: &Services, parts: &Parts, body: &[u8]) -> Option<Response> {
    if header(&parts.headers, "x-amz-target") == "secretsmanager.GetSecretValue" {
        let secret = services.aws().read_secret();
        let answer = json!({"Name": "token", "SecretString": secret});
        return Some(answer.to_string().into_response());
    }
    let path = parts.uri.path();
    if path.ends_with("/invocations") {
        return Some(refresh(services, body));
    }
    let key = path.strip_prefix("/bucket/")?;
    let mut aws = services.aws();
    Some(match parts.method {
        Method::PUT => aws.put(key, &parts.headers, body),
        Method::HEAD => aws.head(key),
        _ => aws.get(key),
    })
}

/// Invokes the token manager.
fn refresh(services: &Services, body: &[u8]) -> Response {
    let token = {
        let mut aws = services.aws();
        let payload = serde_json::from_slice(body).unwrap_or_default();
        aws.refreshes.push(payload);
        if aws.token_manager_fails {
            let error = json!({"errorType": "LoginRefused", "errorMessage": "scripted"});
            return ([("x-amz-function-error", "Unhandled")], error.to_string()).into_response();
        }
        let number = aws.refreshes.len();
        let token = aws.next_token.clone();
        token.unwrap_or_else(|| format!("token-{number}"))
    };
    let secret = services.secret_of(&token);
    let is_accepted = {
        let mut aws = services.aws();
        aws.stale_secret = std::mem::replace(&mut aws.secret, secret);
        !aws.refreshed_tokens_are_rejected
    };
    if is_accepted {
        services.org().accept_token(token);
    }
    json!({"refreshed": true}).to_string().into_response()
}

impl Aws {
    fn read_secret(&mut self) -> String {
        self.secret_reads += 1;
        if self.refreshes.is_empty() || self.stale_reads == 0 {
            return self.secret.clone();
        }
        self.stale_reads -= 1;
        self.stale_secret.clone()
    }

    fn head(&mut self, key: &str) -> Response {
        let found = if self.parked.contains_key(key) {
            200
        } else {
            404
        };
        status(self.head_faults.pop_front().unwrap_or(found)).into_response()
    }

    fn get(&self, key: &str) -> Response {
        if let Some(content) = self.objects.get(key) {
            return content.clone().into_response();
        }
        let body = "<Error><Code>NoSuchKey</Code></Error>";
        (StatusCode::NOT_FOUND, body).into_response()
    }

    fn put(&mut self, key: &str, headers: &HeaderMap, body: &[u8]) -> Response {
        if header(headers, "if-none-match") == "*" && self.parked.contains_key(key) {
            let body = "<Error><Code>PreconditionFailed</Code></Error>";
            return (StatusCode::PRECONDITION_FAILED, body).into_response();
        }
        let (stores, code) = self.put_faults.pop_front().unwrap_or((true, 200));
        if stores {
            let document = serde_json::from_slice(body).unwrap_or_default();
            self.parked.insert(key.to_owned(), document);
        }
        status(code).into_response()
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}
