//! A local server in the place of Salesforce, Secrets Manager, Lambda and S3, for tests.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use jiff::Timestamp;
use kinesis_consumer::Clock;
use serde_json::{Value, json};

mod in_process;
mod salesforce;

const FIELD: &str = "TT_Event_Id__c";
/// What a panic says that a test asked for.
pub(crate) const PROVOKED: &str = "provoked by the test";

/// What happens to one call to `composite/sobjects`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Answers with this status and code, does nothing.
    Refuse(u16, &'static str),
    /// Does the work, then never answers.
    StoreThenHang,
    /// Never does anything.
    Hang,
    /// Does the work, then answers one result too few.
    StoreThenShorten,
    /// Does the work, then answers 503.
    StoreThenFail,
    /// Does the work, then breaks off in the middle of the answer.
    StoreThenBreakOff,
    /// Answers this code for the record at this place, modulo their number, and does the others.
    RefuseOne(usize, &'static str),
    /// Takes the token back.
    Revoke,
    /// Panics in the process of the caller, when the stand-in is in it.
    Panic,
    /// Does the work, then panics.
    StoreThenPanic,
}

/// All calls to Salesforce for a while.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) fault: Fault,
}

/// The state behind the server.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) url: String,
    /// The token that Salesforce accepts.
    pub(crate) accepted: String,
    /// The token that the token manager writes when it refreshes.
    pub(crate) next_token: String,
    /// The text of the token secret.
    pub(crate) secret: String,
    /// Payloads of the token manager.
    pub(crate) refreshes: Vec<Value>,
    /// Whether the token manager fails, as it does when Salesforce refuses its login.
    pub(crate) manager_fails: bool,
    /// Whether only calls that find a Case reject the token.
    pub(crate) finds_reject_the_token: bool,
    /// When the Case of an event was created.
    pub(crate) cases: BTreeMap<String, Timestamp>,
    /// The external id and the description of each Case that was created.
    pub(crate) described: Vec<(String, String)>,
    /// Sizes of the calls to `composite/sobjects`.
    pub(crate) calls: Vec<usize>,
    /// The accounts of the Cases in the last of them.
    pub(crate) accounts: Vec<String>,
    /// When each of them came.
    pub(crate) called: Vec<Timestamp>,
    /// Reads of the token secret, and how many after a refresh still see what was there before.
    pub(crate) secret_reads: usize,
    pub(crate) stale_reads: usize,
    stale_secret: String,
    /// Connections that were made.
    pub(crate) connections: usize,
    pub(crate) faults: VecDeque<Fault>,
    /// Events that always get this code.
    pub(crate) refused: BTreeMap<String, &'static str>,
    /// Events that make Salesforce answer 400 to the whole call.
    pub(crate) spoilers: BTreeSet<String>,
    /// Whether a duplicate names the field.
    pub(crate) duplicates_are_vague: bool,
    pub(crate) finds: usize,
    /// What happens to calls that find a Case: a status instead of an answer, one for each.
    pub(crate) find_faults: VecDeque<Option<u16>>,
    pub(crate) outage: Option<Outage>,
    /// The header `Sforce-Limit-Info`.
    pub(crate) usage: Option<String>,
    /// Objects of the bucket beside those that are parked.
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    /// Status instead of an answer for each look into the bucket.
    pub(crate) head_faults: VecDeque<u16>,
    pub(crate) parked: BTreeMap<String, Value>,
    /// Whether S3 stores, and the status it answers: one for each put.
    pub(crate) put_faults: VecDeque<(bool, u16)>,
}

/// A running stand-in.
#[derive(Debug, Clone)]
pub(crate) struct StandIn(Arc<Mutex<World>>, Clock);

impl StandIn {
    /// Starts on a free port of the loopback address.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stand_in = Self(Arc::default(), Clock::system());
        let url = format!("http://{}", listener.local_addr().unwrap());
        stand_in.world().url = url;
        stand_in.issue("first-token");
        let router = Router::new().fallback(answer).with_state(stand_in.clone());
        let world = Arc::clone(&stand_in.0);
        let listener = listener.tap_io(move |_| world.lock().unwrap().connections += 1);
        tokio::spawn(async move { axum::serve(listener, router).await });
        stand_in
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Makes `token` the accepted and the stored one.
    pub(crate) fn issue(&self, token: &str) {
        let mut world = self.world();
        world.accepted = token.to_owned();
        world.next_token = token.to_owned();
        world.secret = world.secret_of(token);
    }

    pub(crate) fn aws(&self) -> SdkConfig {
        let credentials = Credentials::new("test", "test", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(self.world().url.clone())
            .build()
    }
}

impl World {
    fn secret_of(&self, token: &str) -> String {
        json!({
            "access_token": token,
            "instance_url": self.url,
            "issued_at": "2026-01-01T00:00:00Z",
            "expires_at": "2999-01-01T00:00:00Z",
        })
        .to_string()
    }

    fn read_secret(&mut self) -> String {
        self.secret_reads += 1;
        if self.refreshes.is_empty() || self.stale_reads == 0 {
            return self.secret.clone();
        }
        self.stale_reads -= 1;
        self.stale_secret.clone()
    }

    fn create(&mut self, record: &Value, now: Timestamp) -> Value {
        // Without a value it is not unique.
        let id = record[FIELD].as_str().unwrap_or_default().to_owned();
        if let Some(code) = self.refused.get(&id) {
            return salesforce::failed(code, "refused by the test");
        }
        let subject = record["Subject"].as_str().unwrap();
        if subject.chars().count() > 255 {
            let message = format!("Subject: data value too large: {subject} (max length=255)");
            return salesforce::failed("STRING_TOO_LONG", &message);
        }
        if !id.is_empty() && self.cases.contains_key(&id) {
            let field = if self.duplicates_are_vague {
                "<unknown>"
            } else {
                FIELD
            };
            let message = format!(
                "duplicate value found: {field} duplicates value on record with id: 500000000000001"
            );
            return salesforce::failed("DUPLICATE_VALUE", &message);
        }
        if let Some(description) = record["Description"].as_str() {
            self.described.push((id.clone(), description.to_owned()));
        }
        self.cases.insert(id, now);
        json!({"id": "500000000000001AAA", "success": true, "errors": []})
    }
}

async fn answer(State(stand_in): State<StandIn>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path().to_owned();
    let target = header(&parts.headers, "x-amz-target");
    if target == "secretsmanager.GetSecretValue" {
        let secret = stand_in.world().read_secret();
        return json!({"Name": "token", "SecretString": secret})
            .to_string()
            .into_response();
    }
    if path.ends_with("/invocations") {
        return refresh(&mut stand_in.world(), &body);
    }
    if let Some(key) = path.strip_prefix("/bucket/") {
        let mut world = stand_in.world();
        return match parts.method {
            Method::PUT => put(&mut world, key, &parts.headers, &body),
            Method::HEAD => head(&mut world, key),
            _ => get(&world, key),
        };
    }
    let mut response = salesforce::answer(&stand_in, &path, &parts.headers, &body).await;
    if let Some(usage) = &stand_in.world().usage {
        let usage = usage.parse().unwrap();
        response.headers_mut().insert("sforce-limit-info", usage);
    }
    response
}

fn refresh(world: &mut World, body: &[u8]) -> Response {
    world.refreshes.push(serde_json::from_slice(body).unwrap());
    if world.manager_fails {
        let error = json!({"errorType": "LoginRefused", "errorMessage": "said by the test"});
        return ([("x-amz-function-error", "Unhandled")], error.to_string()).into_response();
    }
    let token = world.next_token.clone();
    world.stale_secret.clone_from(&world.secret);
    world.secret = world.secret_of(&token);
    json!({"refreshed": true}).to_string().into_response()
}

fn head(world: &mut World, key: &str) -> Response {
    let found = if world.parked.contains_key(key) {
        200
    } else {
        404
    };
    let status = world.head_faults.pop_front().unwrap_or(found);
    StatusCode::from_u16(status).unwrap().into_response()
}

fn get(world: &World, key: &str) -> Response {
    match world.objects.get(key) {
        Some(content) => content.clone().into_response(),
        None => (
            StatusCode::NOT_FOUND,
            "<Error><Code>NoSuchKey</Code></Error>",
        )
            .into_response(),
    }
}

fn put(world: &mut World, key: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let key = key.to_owned();
    if header(headers, "if-none-match") == "*" && world.parked.contains_key(&key) {
        return (
            StatusCode::PRECONDITION_FAILED,
            "<Error><Code>PreconditionFailed</Code></Error>",
        )
            .into_response();
    }
    let (stores, status) = world.put_faults.pop_front().unwrap_or((true, 200));
    if stores {
        world
            .parked
            .insert(key, serde_json::from_slice(body).unwrap());
    }
    StatusCode::from_u16(status).unwrap().into_response()
}

fn error(status: u16, code: &str) -> Response {
    let body = json!([{"errorCode": code, "message": "said by the test"}]).to_string();
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}
