//! A local server in place of Secrets Manager, Kinesis and the token endpoint, with a log of its requests.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, retry::RetryConfig};
use aws_sdk_secretsmanager::config::Credentials;
use axum::{
    Form, Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Context, LambdaEvent};
use retry::{Backoff, RetryPolicy};
use serde_json::{Value, json};
use tms_token_manager::{
    audit::Audit,
    config::{Config, origin::Origin},
    error::Error,
    handler::{Answer, Handler},
    login::{LoginLimits, TokenEndpoint},
    store::SecretStore,
    token::Token,
};

use crate::log;

pub(crate) const CLIENT_ID: &str = "canary-client-id";
pub(crate) const CLIENT_SECRET: &str = "canary-client-secret";

/// The response to one login.
#[derive(Debug, Clone)]
pub(crate) enum Login {
    /// Grants this token.
    Grant(&'static str),
    /// Responds with this status and body.
    Answer(u16, Value),
    /// Responds with this status and a body that is not JSON.
    Page(u16, &'static str),
    /// Never responds.
    Hang,
    /// Redirects to another host.
    Redirect(String),
}

/// The response to audit events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kinesis {
    #[default]
    Accepts,
    Fails,
    Hangs,
}

/// The state of the server and its requests.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) credentials: String,
    pub(crate) token: String,
    pub(crate) logins: VecDeque<Login>,
    pub(crate) kinesis: Kinesis,
    pub(crate) refuses_writes: bool,
    pub(crate) hides_the_token: bool,
    pub(crate) login_forms: Vec<HashMap<String, String>>,
    pub(crate) writes: Vec<Value>,
    pub(crate) audit: Vec<Value>,
}

type Shared = Arc<Mutex<Log>>;

/// The server, and a handler that uses it.
#[derive(Debug)]
pub(crate) struct World {
    log: Shared,
    pub(crate) url: String,
    handler: Handler,
}

impl World {
    /// Starts a server with valid credentials, the placeholder token, and these responses to logins.
    pub(crate) async fn start(logins: impl IntoIterator<Item = Login>) -> Self {
        Self::remembering(logins, Duration::from_mins(1)).await
    }

    /// The same, with a handler that does not remember a rejected login.
    pub(crate) async fn forgetful(logins: impl IntoIterator<Item = Login>) -> Self {
        Self::remembering(logins, Duration::ZERO).await
    }

    async fn remembering(logins: impl IntoIterator<Item = Login>, refusal: Duration) -> Self {
        log::capture();
        let log = Shared::default();
        let credentials = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET });
        *log.lock().unwrap() = Log {
            credentials: credentials.to_string(),
            token: "{}".to_owned(),
            logins: logins.into_iter().collect(),
            ..Log::default()
        };
        let router = Router::new()
            .route("/", post(aws))
            .route("/services/oauth2/token", post(login))
            .with_state(Arc::clone(&log));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let handler = handler(&url, refusal).await;
        Self { log, url, handler }
    }

    /// The same, with a token of this age and a lifetime of 1000 seconds.
    pub(crate) async fn with_token(
        token: &'static str,
        age_seconds: i64,
        logins: impl IntoIterator<Item = Login>,
    ) -> Self {
        let world = Self::start(logins).await;
        world.log().token = stored_token(token, age_seconds);
        world
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    pub(crate) async fn invoke(&self, event: Value) -> Result<Answer, Error> {
        let mut context = Context::default();
        context.request_id = "request-1".to_owned();
        context.invoked_function_arn = "arn:aws:lambda:eu-central-1:1:function:tms".to_owned();
        self.handler.handle(LambdaEvent::new(event, context)).await
    }

    pub(crate) async fn refresh(&self) -> Result<Answer, Error> {
        self.invoke(json!({ "action": "refresh" })).await
    }

    pub(crate) async fn refresh_rejected(&self, token: &str) -> Result<Answer, Error> {
        self.invoke(json!({ "action": "refresh", "rejected": fingerprint(token) }))
            .await
    }
}

/// Returns the text of a token secret.
pub(crate) fn stored_token(token: &str, age_seconds: i64) -> String {
    let issued_at = Timestamp::now() - SignedDuration::from_secs(age_seconds);
    let expires_at = issued_at + SignedDuration::from_secs(1000);
    let stored = json!({
        "access_token": token,
        "instance_url": "https://acme.my.salesforce.com",
        "issued_at": issued_at.to_string(),
        "expires_at": expires_at.to_string(),
    });
    stored.to_string()
}

pub(crate) fn fingerprint(token: &str) -> String {
    let origin = Origin::parse("https://a.org").unwrap();
    let token = Token::issued(token.into(), origin, Timestamp::now(), Duration::ZERO);
    token.fingerprint().to_string()
}

async fn handler(url: &str, refusal: Duration) -> Handler {
    let config = Config::from_lookup(|name| {
        let value = match name {
            "SALESFORCE_CREDENTIALS_SECRET_ID" => "credentials",
            "SALESFORCE_TOKEN_SECRET_ID" => "token",
            "AUDIT_STREAM_NAME" => "audit",
            "SALESFORCE_LOGIN_URL" => url,
            _ => return None,
        };
        Some(value.to_owned())
    });
    let config = config.unwrap();
    let aws = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "key", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(url)
        .load()
        .await;
    let limits = LoginLimits {
        retry: RetryPolicy {
            max_attempts: Some(3),
            backoff: Backoff::new(Duration::ZERO, Duration::ZERO),
        },
        request_timeout: Duration::from_millis(300),
        rejection_memory: refusal,
    };
    Handler {
        store: SecretStore::new(&aws, &config),
        endpoint: TokenEndpoint::new(limits, config.allowed_hosts.clone()).unwrap(),
        audit: Audit::new(&aws, &config).with_time_limit(Duration::from_millis(300)),
        config,
    }
}

async fn login(
    State(log): State<Shared>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let login = {
        let mut log = log.lock().unwrap();
        log.login_forms.push(form);
        log.logins
            .pop_front()
            .expect("a login that no test expects")
    };
    let host = headers["host"].to_str().unwrap();
    match login {
        Login::Grant(token) => {
            let body = json!({ "access_token": token, "instance_url": format!("http://{host}"),
                "token_type": "Bearer", "issued_at": "1800000000000", "signature": "canary-signature" });
            Json(body).into_response()
        }
        Login::Answer(status, body) => {
            (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
        }
        Login::Page(status, text) => {
            let head = [("content-type", "text/html")];
            (StatusCode::from_u16(status).unwrap(), head, text).into_response()
        }
        Login::Hang => std::future::pending().await,
        Login::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response(),
    }
}

async fn aws(State(log): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    match headers["x-amz-target"].to_str().unwrap() {
        "secretsmanager.GetSecretValue" => read_secret(&log.lock().unwrap(), &request),
        "secretsmanager.PutSecretValue" => write_secret(&mut log.lock().unwrap(), &request),
        "Kinesis_20131202.PutRecords" => put_records(&log, &request).await,
        target => panic!("unexpected call of {target}"),
    }
}

fn read_secret(log: &Log, request: &Value) -> Response {
    let text = match request["SecretId"].as_str().unwrap() {
        "credentials" => &log.credentials,
        _ if log.hides_the_token => return refuse("AccessDeniedException"),
        _ => &log.token,
    };
    if text.is_empty() {
        return refuse("ResourceNotFoundException");
    }
    Json(json!({ "Name": request["SecretId"], "SecretString": text })).into_response()
}

fn write_secret(log: &mut Log, request: &Value) -> Response {
    assert_eq!(request["SecretId"], "token");
    if log.refuses_writes {
        return refuse("AccessDeniedException");
    }
    log.token = request["SecretString"].as_str().unwrap().to_owned();
    let written = serde_json::from_str(&log.token).unwrap();
    log.writes.push(written);
    Json(json!({ "Name": "token", "VersionId": "1" })).into_response()
}

async fn put_records(log: &Shared, request: &Value) -> Response {
    let kinesis = log.lock().unwrap().kinesis;
    match kinesis {
        Kinesis::Accepts => {}
        Kinesis::Fails => return refuse("AccessDeniedException"),
        Kinesis::Hangs => std::future::pending().await,
    }
    assert_eq!(request["StreamName"], "audit");
    let data = BASE64_STANDARD
        .decode(request["Records"][0]["Data"].as_str().unwrap())
        .unwrap();
    log.lock()
        .unwrap()
        .audit
        .push(serde_json::from_slice(&data).unwrap());
    let record = json!({ "SequenceNumber": "1", "ShardId": "shardId-000000000000" });
    Json(json!({ "FailedRecordCount": 0, "Records": [record] })).into_response()
}

/// Responds with an error whose message contains a canary.
fn refuse(code: &str) -> Response {
    let body = json!({ "__type": code, "message": "refused canary-message" });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
