//! The token endpoint: client credentials and JWT bearer.

use std::collections::HashMap;

use axum::{
    Form, Json,
    extract::{Query, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{CLIENT_ID, CLIENT_SECRET, session, world::Shared};

const ORG_ID: &str = "00DTt0000000001MAA";
const USER_ID: &str = "005Tt0000000001IAA";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

type Parameters = HashMap<String, String>;

/// An OAuth error: code and description.
#[derive(Debug)]
pub(crate) struct OAuthError(&'static str, &'static str);

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.0, "error_description": self.1 });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}

/// Issues a token. Salesforce's answer has no `expires_in`.
pub(crate) async fn token(
    State(shared): State<Shared>,
    Query(mut parameters): Query<Parameters>,
    headers: HeaderMap,
    form: Result<Form<Parameters>, FormRejection>,
) -> Result<Json<Value>, OAuthError> {
    if let Ok(Form(form)) = form {
        parameters.extend(form);
    }
    match parameters.get("grant_type").map(String::as_str) {
        Some("client_credentials") => check_client(&parameters, &headers)?,
        Some(JWT_BEARER) => check_assertion(&parameters, Timestamp::now())?,
        _ => {
            return Err(OAuthError(
                "unsupported_grant_type",
                "grant type not supported",
            ));
        }
    }
    Ok(Json(issue(&shared)))
}

/// Ends the session of one token.
pub(crate) async fn revoke(
    State(shared): State<Shared>,
    Form(parameters): Form<Parameters>,
) -> Result<StatusCode, OAuthError> {
    let token = parameters
        .get("token")
        .map(String::as_str)
        .unwrap_or_default();
    if shared.world().sessions.revoke(token) {
        Ok(StatusCode::OK)
    } else {
        Err(OAuthError(
            "unsupported_token_type",
            "this token type is not supported",
        ))
    }
}

/// The `id` of a token's answer: whom it belongs to.
pub(crate) async fn identity(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    if !session::is_open(&shared, &headers) {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok(Json(json!({
        "id": format!("{}/id/{ORG_ID}/{USER_ID}", shared.url),
        "user_id": USER_ID,
        "organization_id": ORG_ID,
        "username": "integration@tt.local",
        "active": true,
    })))
}

fn issue(shared: &Shared) -> Value {
    let now = Timestamp::now();
    let issued_at = now.as_millisecond().to_string();
    let id = format!("{}/id/{ORG_ID}/{USER_ID}", shared.url);
    let mut world = shared.world();
    world.tokens += 1;
    let seed = format!("{CLIENT_SECRET} {} {}", world.tokens, now.as_nanosecond());
    let token = format!(
        "{}!AQ4AQ{}",
        ORG_ID.get(..15).unwrap_or(ORG_ID),
        BASE64_URL_SAFE_NO_PAD
            .encode(Sha256::digest(seed))
            .replace('-', "."),
    );
    let seconds = world.rules.session_seconds;
    world.sessions.open(token.clone(), now, seconds);
    json!({
        "access_token": token,
        "instance_url": &*shared.url,
        "id": id,
        "token_type": "Bearer",
        "issued_at": issued_at,
        "signature": BASE64_STANDARD.encode(Sha256::digest(format!("{id}{issued_at}{CLIENT_SECRET}"))),
    })
}

/// The client's name and secret, from the form or from a Basic header.
fn check_client(parameters: &Parameters, headers: &HeaderMap) -> Result<(), OAuthError> {
    let from_form = parameters
        .get("client_id")
        .cloned()
        .zip(parameters.get("client_secret").cloned());
    let Some((id, secret)) = from_form.or_else(|| basic(headers)) else {
        return Err(OAuthError("invalid_client", "invalid client credentials"));
    };
    if id != CLIENT_ID {
        return Err(OAuthError("invalid_client_id", "client identifier invalid"));
    }
    if secret != CLIENT_SECRET {
        return Err(OAuthError("invalid_client", "invalid client credentials"));
    }
    Ok(())
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, text) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let decoded = String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    scheme
        .eq_ignore_ascii_case("basic")
        .then(|| (id.to_owned(), secret.to_owned()))
}

/// Checks the structure of an assertion; the stand-in holds no certificate to check its signature with.
fn check_assertion(parameters: &Parameters, now: Timestamp) -> Result<(), OAuthError> {
    let assertion = parameters
        .get("assertion")
        .map(String::as_str)
        .unwrap_or_default();
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return Err(OAuthError("invalid_grant", "invalid assertion"));
    };
    let (Some(header), Some(claims)) = (decode(header), decode(claims)) else {
        return Err(OAuthError("invalid_grant", "invalid assertion"));
    };
    if header.get("alg") != Some(&json!("RS256")) || signature.is_empty() {
        return Err(OAuthError("invalid_grant", "algorithm not supported"));
    }
    if claims.get("iss") != Some(&json!(CLIENT_ID)) {
        return Err(OAuthError("invalid_client_id", "client identifier invalid"));
    }
    let is_text = |claim| {
        claims
            .get(claim)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    if !is_text("sub") {
        return Err(OAuthError(
            "invalid_grant",
            "user hasn't approved this consumer",
        ));
    }
    if !is_text("aud") {
        return Err(OAuthError("invalid_grant", "audience is invalid"));
    }
    // Some clients send the expiry as a string.
    let expiry = claims.get("exp");
    let expiry = expiry.and_then(|exp| exp.as_i64().or_else(|| exp.as_str()?.parse().ok()));
    if expiry.is_none_or(|expiry| expiry <= now.as_second()) {
        return Err(OAuthError("invalid_grant", "assertion expired"));
    }
    Ok(())
}

fn decode(part: &str) -> Option<Value> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .or_else(|_| BASE64_URL_SAFE.decode(part));
    serde_json::from_slice(&bytes.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        pairs
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    async fn ask(
        pairs: &[(&str, &str)],
        authorization: Option<&str>,
    ) -> Result<Value, &'static str> {
        let shared = Shared::new("http://127.0.0.1:1".to_owned());
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        let form = Ok(Form(parameters(pairs)));
        let answer = token(State(shared), Query(Parameters::new()), headers, form).await;
        answer.map(|Json(answer)| answer).map_err(|error| error.0)
    }

    fn assertion(claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(&json!({ "alg": "RS256" })), part(claims))
    }

    #[tokio::test]
    async fn the_answer_has_no_expiry() {
        let client = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
        let pairs = [("grant_type", "client_credentials"), client[0], client[1]];
        let answer = ask(&pairs, None).await.unwrap();
        let names: Vec<&String> = answer.as_object().unwrap().keys().collect();
        let expected = [
            "access_token",
            "id",
            "instance_url",
            "issued_at",
            "signature",
            "token_type",
        ];
        assert_eq!(names, expected);
    }

    #[tokio::test]
    async fn a_basic_header_carries_the_client_too() {
        let basic = BASE64_STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
        let pairs = [("grant_type", "client_credentials")];
        assert!(ask(&pairs, Some(&format!("Basic {basic}"))).await.is_ok());
    }

    #[tokio::test]
    async fn wrong_clients_and_grants_are_named() {
        let grant = ("grant_type", "client_credentials");
        let wrong = [grant, ("client_id", CLIENT_ID), ("client_secret", "x")];
        assert_eq!(ask(&wrong, None).await.unwrap_err(), "invalid_client");
        let unknown = [grant, ("client_id", "x"), ("client_secret", CLIENT_SECRET)];
        assert_eq!(ask(&unknown, None).await.unwrap_err(), "invalid_client_id");
        let password = [("grant_type", "password")];
        assert_eq!(
            ask(&password, None).await.unwrap_err(),
            "unsupported_grant_type"
        );
    }

    #[tokio::test]
    async fn a_jwt_assertion_may_spell_its_expiry_as_text() {
        let claims = json!({ "iss": CLIENT_ID, "sub": "u@x.org", "aud": "https://login.salesforce.com",
            "exp": (Timestamp::now().as_second() + 180).to_string() });
        let pairs = [
            ("grant_type", JWT_BEARER),
            ("assertion", &assertion(&claims)),
        ];
        assert!(ask(&pairs, None).await.is_ok());
    }

    #[tokio::test]
    async fn an_old_or_broken_assertion_is_an_invalid_grant() {
        let claims = json!({ "iss": CLIENT_ID, "sub": "u", "aud": "a", "exp": 1 });
        for assertion in [assertion(&claims), "a.b".to_owned(), String::new()] {
            let pairs = [("grant_type", JWT_BEARER), ("assertion", &assertion)];
            assert_eq!(ask(&pairs, None).await.unwrap_err(), "invalid_grant");
        }
    }
}
