//! Sessions: which tokens are valid, and the gate in front of the data API.

use std::collections::HashMap;

use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION},
    middleware::Next,
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};

use super::{answer::ApiError, world::Shared};

const LIMIT_HEADER: &str = "sforce-limit-info";

/// The valid tokens and when they end.
#[derive(Default)]
pub(crate) struct Sessions {
    ends: HashMap<String, Timestamp>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions")
            .field("count", &self.ends.len())
            .finish()
    }
}

impl Sessions {
    pub(crate) fn open(&mut self, token: String, now: Timestamp, seconds: u64) {
        let life = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        self.ends
            .insert(token, now.checked_add(life).unwrap_or(Timestamp::MAX));
    }

    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        self.ends.remove(token).is_some()
    }

    pub(crate) fn clear(&mut self) {
        self.ends.clear();
    }

    fn is_valid(&self, token: &str, now: Timestamp) -> bool {
        self.ends.get(token).is_some_and(|end| now < *end)
    }
}

/// Lets a call to the data API through when its token is valid and the day's calls are not used up.
pub(crate) async fn require(
    State(shared): State<Shared>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
    next: Next,
) -> Response {
    if !path
        .get("version")
        .is_some_and(|version| is_version(version))
    {
        return ApiError::no_resource().into_response();
    }
    let (used, limit) = match admit(&shared, request.headers()) {
        Ok(usage) => usage,
        Err(error) => return error.into_response(),
    };
    let mut response = next.run(request).await;
    if let Ok(usage) = HeaderValue::try_from(format!("api-usage={used}/{limit}")) {
        response.headers_mut().insert(LIMIT_HEADER, usage);
    }
    response
}

fn admit(shared: &Shared, headers: &HeaderMap) -> Result<(u64, u64), ApiError> {
    if !is_open(shared, headers) {
        let message = "Session expired or invalid";
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "INVALID_SESSION_ID",
            message,
        ));
    }
    let mut world = shared.world();
    let limit = world.rules.daily_limit;
    if world.requests >= limit {
        let message = "TotalRequests Limit exceeded.";
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "REQUEST_LIMIT_EXCEEDED",
            message,
        ));
    }
    world.requests += 1;
    Ok((world.requests, limit))
}

/// Whether a request carries a valid token.
pub(crate) fn is_open(shared: &Shared, headers: &HeaderMap) -> bool {
    let world = shared.world();
    token_of(headers).is_some_and(|token| world.sessions.is_valid(token, Timestamp::now()))
}

/// `Bearer` and the older `OAuth` are both in use by clients.
fn token_of(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
    known.then(|| token.trim())
}

/// `v20.0` and later; the older ones are retired.
fn is_version(version: &str) -> bool {
    let number = version
        .strip_prefix('v')
        .and_then(|number| number.strip_suffix(".0"));
    number
        .and_then(|number| number.parse::<u32>().ok())
        .is_some_and(|number| number >= 20)
}
