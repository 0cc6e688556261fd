//! `POST /services/oauth2/token`: the client credentials grant.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    CLIENT_ID, CLIENT_SECRET,
    fault::{Api, Ending},
    reply::Reply,
    rules::Rules,
    session::Sessions,
};

const ORG_ID: &str = "00DTt0000000001MAA";
const USER_ID: &str = "005Tt0000000001IAA";

/// Why a login is refused: `error` and `error_description`.
type Refusal = (&'static str, &'static str);

/// Checks the form, opens a session and returns its token. Salesforce sends no `expires_in`.
pub(crate) fn login(
    form: &[u8],
    url: &str,
    number: u64,
    rules: &Rules,
    sessions: &mut Sessions,
    now: Timestamp,
) -> Result<Reply, Reply> {
    check(form).map_err(|(code, description)| {
        let body = Ending::error_body(Api::Token, code, description);
        Reply::new(StatusCode::BAD_REQUEST, body)
    })?;
    let token = format!("{ORG_ID}!{number}.{}", now.as_nanosecond());
    sessions.open(token.clone(), expiry(now, rules));
    let body = json!({
        "access_token": token,
        "instance_url": url,
        "id": format!("{url}/id/{ORG_ID}/{USER_ID}"),
        "token_type": "Bearer",
        "issued_at": now.as_millisecond().to_string(),
        "signature": "signature of the stand-in",
    });
    Ok(Reply::new(StatusCode::OK, body))
}

/// When a session that begins now expires.
pub(crate) fn expiry(now: Timestamp, rules: &Rules) -> Timestamp {
    let session = SignedDuration::try_from(rules.session).unwrap_or(SignedDuration::MAX);
    now.checked_add(session).unwrap_or(Timestamp::MAX)
}

fn check(form: &[u8]) -> Result<(), Refusal> {
    let value = |wanted| {
        let mut pairs = url::form_urlencoded::parse(form);
        pairs.find_map(|(name, value)| (name == wanted).then_some(value))
    };
    if value("grant_type").as_deref() != Some("client_credentials") {
        return Err(("unsupported_grant_type", "grant type not supported"));
    }
    if value("client_id").as_deref() != Some(CLIENT_ID) {
        return Err(("invalid_client_id", "client identifier invalid"));
    }
    if value("client_secret").as_deref() != Some(CLIENT_SECRET) {
        return Err(("invalid_client", "invalid client credentials"));
    }
    Ok(())
}
