//! A local server in the place of Salesforce, Secrets Manager, Lambda and S3, for tests.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::pending,
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
};
use jiff::Timestamp;
use serde_json::{Value, json};

const FIELD: &str = "TT_Event_Id__c";

/// What happens to one call to `composite/sobjects`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
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
    /// Sizes of the calls to `composite/sobjects`.
    pub(crate) calls: Vec<usize>,
    pub(crate) faults: VecDeque<Fault>,
    /// Events that always get this code.
    pub(crate) refused: BTreeMap<String, &'static str>,
    /// Events that make Salesforce answer 400 to the whole call.
    pub(crate) spoilers: BTreeSet<String>,
    /// Whether a duplicate names the field.
    pub(crate) duplicates_are_vague: bool,
    pub(crate) finds: usize,
    pub(crate) parked: BTreeMap<String, Value>,
    /// Whether S3 stores, and the status it answers: one for each put.
    pub(crate) put_faults: VecDeque<(bool, u16)>,
}

/// A running stand-in.
#[derive(Debug, Clone)]
pub(crate) struct StandIn(Arc<Mutex<World>>);

impl StandIn {
    /// Starts on a free port of the loopback address.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stand_in = Self(Arc::default());
        let url = format!("http://{}", listener.local_addr().unwrap());
        stand_in.world().url = url;
        stand_in.issue("first-token");
        let router = Router::new().fallback(answer).with_state(stand_in.clone());
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

    fn create(&mut self, record: &Value) -> Value {
        let id = record[FIELD].as_str().unwrap().to_owned();
        let failed = |code: &str, message: &str| json!({"success": false, "errors": [{"statusCode": code, "message": message, "fields": []}]});
        if let Some(code) = self.refused.get(&id) {
            return failed(code, "refused by the test");
        }
        let subject = record["Subject"].as_str().unwrap();
        if subject.chars().count() > 255 {
            let message = format!("Subject: data value too large: {subject} (max length=255)");
            return failed("STRING_TOO_LONG", &message);
        }
        if self.cases.contains_key(&id) {
            let field = if self.duplicates_are_vague {
                "<unknown>"
            } else {
                FIELD
            };
            let message = format!(
                "duplicate value found: {field} duplicates value on record with id: 500000000000001"
            );
            return failed("DUPLICATE_VALUE", &message);
        }
        self.cases.insert(id, Timestamp::now());
        json!({"id": "500000000000001AAA", "success": true, "errors": []})
    }
}

async fn answer(State(stand_in): State<StandIn>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path().to_owned();
    let target = header(&parts.headers, "x-amz-target");
    if target == "secretsmanager.GetSecretValue" {
        let secret = stand_in.world().secret.clone();
        return json!({"Name": "token", "SecretString": secret})
            .to_string()
            .into_response();
    }
    if path.ends_with("/invocations") {
        return refresh(&mut stand_in.world(), &body);
    }
    if parts.method == Method::PUT {
        return put(&mut stand_in.world(), &path, &parts.headers, &body);
    }
    let expected = format!("Bearer {}", stand_in.world().accepted);
    if header(&parts.headers, "authorization") != expected {
        return error(401, "INVALID_SESSION_ID");
    }
    if path == "/services/data/v62.0/composite/sobjects" {
        return create(&stand_in, &body).await;
    }
    match path.strip_prefix("/services/data/v62.0/sobjects/Case/TT_Event_Id__c/") {
        Some(event_id) => find(&mut stand_in.world(), event_id),
        None => error(404, "NOT_FOUND"),
    }
}

fn refresh(world: &mut World, body: &[u8]) -> Response {
    world.refreshes.push(serde_json::from_slice(body).unwrap());
    if world.manager_fails {
        let error = json!({"errorType": "LoginRefused", "errorMessage": "said by the test"});
        return ([("x-amz-function-error", "Unhandled")], error.to_string()).into_response();
    }
    let token = world.next_token.clone();
    world.secret = world.secret_of(&token);
    json!({"refreshed": true}).to_string().into_response()
}

fn put(world: &mut World, path: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let key = path.strip_prefix("/bucket/").unwrap().to_owned();
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

async fn create(stand_in: &StandIn, body: &[u8]) -> Response {
    let request: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(request["allOrNone"], false);
    let records = request["records"].as_array().unwrap();
    let fault = {
        let mut world = stand_in.world();
        world.calls.push(records.len());
        world.faults.pop_front()
    };
    match fault {
        Some(Fault::Refuse(status, code)) => return error(status, code),
        Some(Fault::Hang) => return pending().await,
        _ => {}
    }
    let mut results: Vec<Value> = {
        let mut world = stand_in.world();
        let spoils = |r: &Value| world.spoilers.contains(r[FIELD].as_str().unwrap());
        if records.iter().any(spoils) {
            return error(400, "JSON_PARSER_ERROR");
        }
        records.iter().map(|record| world.create(record)).collect()
    };
    match fault {
        Some(Fault::StoreThenHang) => return pending().await,
        Some(Fault::StoreThenFail) => return error(503, "SERVER_UNAVAILABLE"),
        Some(Fault::StoreThenShorten) => drop(results.pop()),
        _ => {}
    }
    Value::from(results).to_string().into_response()
}

fn find(world: &mut World, event_id: &str) -> Response {
    world.finds += 1;
    if world.finds_reject_the_token {
        return error(401, "INVALID_SESSION_ID");
    }
    match world.cases.get(event_id) {
        Some(created) => {
            let date = created.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
            json!({"Id": "500000000000001AAA", "CreatedDate": date})
                .to_string()
                .into_response()
        }
        None => error(404, "NOT_FOUND"),
    }
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
