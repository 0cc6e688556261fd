//! The services of a function on one address, all of which respond immediately.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::stream;
use memchr::memmem;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinHandle,
};

use crate::{content::Content, error::Error};

/// The longest time limit of Lambda.
const TIMEOUT: Duration = Duration::from_mins(15);

/// The services of one running function.
#[derive(Debug)]
pub(crate) struct Services {
    address: SocketAddr,
    world: Arc<World>,
    serving: JoinHandle<()>,
}

/// Counts the requests to the services.
#[derive(Debug, Default)]
struct World {
    address: String,
    events: Mutex<VecDeque<String>>,
    pushed: Notify,
    asked: watch::Sender<u64>,
    error: Mutex<Option<String>>,
    tally: Tally,
}

/// Requests and the records in them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) published: AtomicU64,
    pub(crate) put_requests: AtomicU64,
    pub(crate) cases: AtomicU64,
    pub(crate) case_requests: AtomicU64,
    pub(crate) metric_requests: AtomicU64,
    pub(crate) parked: AtomicU64,
}

impl Services {
    pub(crate) async fn start() -> Result<Self, Error> {
        let io = |source| Error::Io {
            action: "listen on 127.0.0.1",
            source,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(io)?;
        let address = listener.local_addr().map_err(io)?;
        let world = Arc::new(World {
            address: address.to_string(),
            ..World::default()
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(answer))
            .route("/", post(json_service))
            .route(
                "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                post(put_metric_data),
            )
            .route("/bench/{*key}", get(get_object).put(put_object))
            .route("/services/data/{version}/composite/sobjects", post(create))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&world));
        let serving = tokio::spawn(async move {
            // It ends when the task is aborted.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self {
            address,
            world,
            serving,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.world.tally
    }

    /// Sends one event to the function.
    pub(crate) fn push(&self, event: String) {
        lock(&self.world.events).push_back(event);
        self.world.pushed.notify_one();
    }

    /// Waits until the function has requested this number of events.
    pub(crate) async fn asked(&self, times: u64) {
        let mut asked = self.world.asked.subscribe();
        // The sender exists as long as `self`.
        let _ = asked.wait_for(|asked| *asked >= times).await;
    }

    /// Returns the error that the function reported in place of a response.
    pub(crate) fn error(&self) -> Option<String> {
        lock(&self.world.error).clone()
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Tally {
    pub(crate) fn get(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}

fn add(counter: &AtomicU64, n: usize) {
    counter.fetch_add(n as u64, Ordering::Relaxed);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn next(State(world): State<Arc<World>>) -> Response {
    world.asked.send_modify(|asked| *asked += 1);
    let event = loop {
        let pushed = world.pushed.notified();
        if let Some(event) = lock(&world.events).pop_front() {
            break event;
        }
        pushed.await;
    };
    let deadline = (SystemTime::now() + TIMEOUT)
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let headers = [
        ("lambda-runtime-aws-request-id", "bench".to_owned()),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-west-1:000000000000:function:bench".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-0".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn answer(
    State(world): State<Arc<World>>,
    Path((_, kind)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    if kind == "error" {
        *lock(&world.error) = Some(String::from_utf8_lossy(&body).into_owned());
    }
    StatusCode::ACCEPTED
}

/// Kinesis and Secrets Manager.
async fn json_service(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .and_then(|target| target.rsplit('.').next());
    let text = match target {
        Some("PutRecords") => {
            let records = memmem::find_iter(&body, "\"Data\":").count();
            add(&world.tally.published, records);
            add(&world.tally.put_requests, 1);
            put_records(records)
        }
        Some("GetSecretValue") => {
            let token = json!({"access_token": "bench", "instance_url": format!("http://{}", world.address)});
            json!({"Name": "token", "SecretString": token.to_string()}).to_string()
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, "application/x-amz-json-1.1")], text).into_response()
}

fn put_records(records: usize) -> String {
    const RECEIPT: &str = r#"{"SequenceNumber":"49543463076548007577105092703039560359975228518395012686","ShardId":"shardId-000000000000"}"#;
    let receipts = vec![RECEIPT; records].join(",");
    format!(r#"{{"FailedRecordCount":0,"Records":[{receipts}]}}"#)
}

async fn put_metric_data(State(world): State<Arc<World>>) -> Response {
    add(&world.tally.metric_requests, 1);
    let headers = [
        ("smithy-protocol", "rpc-v2-cbor"),
        ("content-type", "application/cbor"),
    ];
    (headers, &b"\xbf\xff"[..]).into_response()
}

async fn get_object(Path(key): Path<String>, headers: HeaderMap) -> Response {
    let Some(content) = Content::of_key(&key) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let from = headers.get(header::RANGE).and_then(begin).unwrap_or(0);
    let chunks = content.chunks(from).filter(|chunk| !chunk.is_empty());
    let body = Body::from_stream(stream::iter(chunks.map(Ok::<_, std::io::Error>)));
    let left = content.length().saturating_sub(from);
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, left.into());
    headers.insert(
        header::ETAG,
        header::HeaderValue::from_static("\"0123456789abcdef\""),
    );
    if from > 0 {
        let range = format!("bytes {from}-{}/{}", content.length() - 1, content.length());
        if let Ok(range) = range.parse() {
            headers.insert(header::CONTENT_RANGE, range);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

fn begin(range: &header::HeaderValue) -> Option<u64> {
    let bytes = range.to_str().ok()?.strip_prefix("bytes=")?;
    bytes.split('-').next()?.parse().ok()
}

async fn put_object(State(world): State<Arc<World>>) -> StatusCode {
    add(&world.tally.parked, 1);
    StatusCode::OK
}

/// Salesforce, which creates every record.
async fn create(State(world): State<Arc<World>>, body: Bytes) -> Response {
    const CREATED: &str = r#"{"id":"500000000000001AAA","success":true,"errors":[]}"#;
    let cases = memmem::find_iter(&body, "\"attributes\":").count();
    add(&world.tally.cases, cases);
    add(&world.tally.case_requests, 1);
    let results = vec![CREATED; cases].join(",");
    (
        [(header::CONTENT_TYPE, "application/json")],
        format!("[{results}]"),
    )
        .into_response()
}
