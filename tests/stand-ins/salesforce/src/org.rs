//! An org: its state, and the answer to one request.

use std::{
    collections::BTreeMap,
    fmt,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{
    create::{self, CreateCall},
    describe,
    fault::{Api, Ending, Fault, Outage, PANIC_MESSAGE, RefusedRecords, Script},
    find::Find,
    login,
    reply::{Reply, RequestError},
    rules::Rules,
    session::Sessions,
    store::{self, Case, Store},
};

const LIMIT_HEADER: &str = "sforce-limit-info";

/// An org in this process. Clones share its state.
#[derive(Clone)]
pub struct Org(Arc<Shared>);

struct Shared {
    url: String,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: Rules,
    sessions: Sessions,
    store: Store,
    calls: Vec<CreateCall>,
    script: Script,
    outage: Option<Outage>,
    requests: u64,
    logins: u64,
    finds: u64,
}

/// How many requests an org has received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Data requests with a valid token, as they count towards the daily limit.
    pub requests: u64,
    /// Tokens that were issued by the token endpoint.
    pub logins: u64,
    /// Look-ups by external id with a valid token.
    pub finds: u64,
}

/// What a request asks for, by its path.
#[derive(Debug)]
struct Route<'a> {
    api: Api,
    version: &'a str,
    /// Field and value of a look-up.
    key: [String; 2],
}

impl Org {
    /// An empty org at `url`, which is the `instance_url` of its tokens, with this clock.
    pub fn new(
        url: impl Into<String>,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            url: url.into(),
            now: Box::new(now),
            state: Mutex::default(),
        }))
    }

    /// The URL of the org.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Every Case, oldest first.
    pub fn cases(&self) -> Vec<Case> {
        self.state().store.cases().to_vec()
    }

    /// Every create call whose records were looked at or refused by a script, oldest first.
    pub fn calls(&self) -> Vec<CreateCall> {
        self.state().calls.clone()
    }

    /// How often each external id was sent in a create call.
    pub fn attempts(&self) -> BTreeMap<String, u64> {
        let mut attempts = BTreeMap::new();
        let state = self.state();
        let records = state.calls.iter().flat_map(|call| &call.records);
        for event_id in records.filter_map(store::event_id_of) {
            *attempts.entry(event_id.to_owned()).or_default() += 1;
        }
        attempts
    }

    /// The numbers of requests.
    pub fn counts(&self) -> Counts {
        let state = self.state();
        Counts {
            requests: state.requests,
            logins: state.logins,
            finds: state.finds,
        }
    }

    /// Appends faults to the script of `api`. Each request with a valid token meets the next one.
    pub fn script(&self, api: Api, faults: impl IntoIterator<Item = Fault>) {
        self.state().script.extend(api, faults);
    }

    /// Sets or removes a fault for all data requests in a period.
    pub fn set_outage(&self, outage: Option<Outage>) {
        self.state().outage = outage;
    }

    /// Changes the rules.
    pub fn change_rules(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut self.state().rules);
    }

    /// Opens a session with this token, as if the token endpoint had issued it.
    pub fn accept_token(&self, token: impl Into<String>) {
        let mut state = self.state();
        let expiry = login::expiry(self.now(), &state.rules);
        state.sessions.open(token.into(), expiry);
    }

    /// Ends every session: the next request with a token that was issued so far is answered with 401.
    pub fn end_sessions(&self) {
        self.state().sessions.end_all();
    }

    /// Answers one request. The body of the response fails where the connection breaks off.
    pub async fn answer(&self, request: Request<Bytes>) -> Response {
        let (parts, body) = request.into_parts();
        let Some(route) = Route::of(&parts.method, parts.uri.path()) else {
            return written(RequestError::no_resource().into());
        };
        if route.api != Api::Token {
            let outage = self.outage();
            if let Some(ending) = outage {
                return end(route.api, ending, None).await;
            }
            if !self.has_session(&parts.headers) {
                return written(invalid_session());
            }
        }
        let fault = self.state().script.next(route.api);
        let mut refused = None;
        let mut after = None;
        match fault {
            Fault::None => {}
            Fault::Instead(ending) => {
                self.note_call(&route, &parts.headers, &body);
                return end(route.api, ending, None).await;
            }
            Fault::After(ending) => after = Some(ending),
            Fault::RefuseRecords {
                code,
                message,
                positions,
            } => {
                refused = Some(RefusedRecords {
                    code,
                    message,
                    positions,
                });
            }
            Fault::EndSessions => self.end_sessions(),
            Fault::Delay { millis } => tokio::time::sleep(Duration::from_millis(millis)).await,
        }
        let reply = self.handle(&route, &parts.headers, &parts.uri, &body, refused.as_ref());
        match after {
            None => written(reply),
            Some(ending) => end(route.api, ending, Some(reply)).await,
        }
    }

    fn handle(
        &self,
        route: &Route<'_>,
        headers: &HeaderMap,
        uri: &Uri,
        body: &[u8],
        refused: Option<&RefusedRecords>,
    ) -> Reply {
        let now = self.now();
        let mut guard = self.state();
        let state = &mut *guard;
        if route.api == Api::Token {
            let number = state.logins + 1;
            let (rules, sessions) = (&state.rules, &mut state.sessions);
            return match login::login(body, &self.0.url, number, rules, sessions, now) {
                Ok(reply) => {
                    state.logins = number;
                    reply
                }
                Err(reply) => reply,
            };
        }
        // A session may have ended while the request was delayed.
        if !state.sessions.contains_token_of(headers, now) {
            return invalid_session();
        }
        if state.requests >= state.rules.daily_requests {
            let (code, message) = ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");
            return RequestError::new(StatusCode::FORBIDDEN, code, message).into();
        }
        state.requests += 1;
        let reply = match route.api {
            Api::Create => create::parse(headers, body).and_then(|records| {
                let reply = create::create(&mut state.store, &state.rules, &records, refused, now);
                state.calls.push(CreateCall { at: now, records });
                reply
            }),
            Api::Find => {
                state.finds += 1;
                if state.rules.finds_reject_the_token {
                    return invalid_session();
                }
                let [field, value] = &route.key;
                let find = Find {
                    version: route.version,
                    field,
                    value,
                    fields: uri.query().and_then(|query| query.strip_prefix("fields=")),
                };
                find.answer(&state.store, &state.rules)
            }
            Api::Describe | Api::Token => Ok(describe::describe(&state.rules)),
        };
        let mut reply = reply.unwrap_or_else(Reply::from);
        let (used, limit) = (state.requests, state.rules.daily_requests);
        let usage = || format!("api-usage={used}/{limit}");
        reply.limit_info = Some(state.rules.limit_info.clone().unwrap_or_else(usage));
        reply
    }

    /// Records a create call that a fault ends before it is handled.
    fn note_call(&self, route: &Route<'_>, headers: &HeaderMap, body: &[u8]) {
        if route.api == Api::Find {
            self.state().finds += 1;
        }
        if route.api == Api::Create
            && let Ok(records) = create::parse(headers, body)
        {
            let at = self.now();
            self.state().calls.push(CreateCall { at, records });
        }
    }

    fn outage(&self) -> Option<Ending> {
        let now = self.now();
        let state = self.state();
        let outage = state.outage.as_ref()?;
        (outage.from..outage.to)
            .contains(&now)
            .then(|| outage.ending.clone())
    }

    fn has_session(&self, headers: &HeaderMap) -> bool {
        let now = self.now();
        self.state().sessions.contains_token_of(headers, now)
    }

    fn now(&self) -> Timestamp {
        (self.0.now)()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Org {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Org")
            .field("url", &self.0.url)
            .finish_non_exhaustive()
    }
}

impl<'a> Route<'a> {
    fn of(method: &Method, path: &'a str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix("/services/")?.split('/').collect();
        let mut key = [String::new(), String::new()];
        let (api, version) = match (method.as_str(), segments.as_slice()) {
            ("POST", ["oauth2", "token"]) => (Api::Token, ""),
            ("POST", ["data", version, "composite", "sobjects"]) => (Api::Create, *version),
            ("GET", ["data", version, "sobjects", "Case", "describe"]) => (Api::Describe, *version),
            ("GET", ["data", version, "sobjects", "Case", field, value]) => {
                key = [*field, *value]
                    .map(|part| percent_decode_str(part).decode_utf8_lossy().into());
                (Api::Find, *version)
            }
            _ => return None,
        };
        (api == Api::Token || is_version(version)).then_some(Self { api, version, key })
    }
}

/// Whether this is `v20.0` or later; the older versions are retired.
fn is_version(version: &str) -> bool {
    let number = version
        .strip_prefix('v')
        .and_then(|number| number.strip_suffix(".0"));
    number
        .and_then(|number| number.parse::<u32>().ok())
        .is_some_and(|number| number >= 20)
}

fn invalid_session() -> Reply {
    let (code, message) = ("INVALID_SESSION_ID", "Session expired or invalid");
    RequestError::new(StatusCode::UNAUTHORIZED, code, message).into()
}

fn written(reply: Reply) -> Response {
    let mut response = (reply.status, Json(reply.body)).into_response();
    let limit_info = reply.limit_info.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(limit_info)) = limit_info {
        response.headers_mut().insert(LIMIT_HEADER, limit_info);
    }
    response
}

/// Ends a request that a fault applies to; `reply` is the reply where it was handled.
#[expect(clippy::panic, reason = "a script can provoke a panic")]
async fn end(api: Api, ending: Ending, reply: Option<Reply>) -> Response {
    let status = |status| StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match ending {
        Ending::Error {
            status: number,
            code,
            message,
        } => {
            let body = Ending::error_body(api, &code, &message);
            written(Reply::new(status(number), body))
        }
        Ending::Body {
            status: number,
            body,
        } => (status(number), body).into_response(),
        Ending::MissingResult => {
            let mut reply =
                reply.unwrap_or_else(|| Reply::new(StatusCode::OK, Value::Array(vec![])));
            if let Some(results) = reply.body.as_array_mut() {
                results.pop();
            }
            written(reply)
        }
        Ending::BreakOff => broken_off(Some("[{\"id\":")),
        Ending::Reset => broken_off(None),
        Ending::Hang => pending().await,
        Ending::Panic => panic!("{PANIC_MESSAGE}"),
    }
}

/// A body that fails after `start`. When nothing was sent, the server resets the connection.
fn broken_off(start: Option<&'static str>) -> Response {
    let start = start.map(|start| Ok(Bytes::from_static(start.as_bytes())));
    let failure = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    let parts = start.into_iter().chain([failure]);
    Body::from_stream(stream::iter(parts)).into_response()
}
