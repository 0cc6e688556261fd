//! Runs the program with one server for the Lambda runtime API, AWS and Salesforce.

use std::{
    collections::VecDeque,
    fs,
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tt_event::{Source, TtEvent};

/// The state of the server.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) events: VecDeque<Value>,
    /// The header `Sforce-Limit-Info`, for each of the first calls that create.
    pub(crate) usages: VecDeque<Option<&'static str>>,
}

pub(crate) type Shared = Arc<Mutex<World>>;

/// The running program, which is killed at the end of the test.
pub(crate) struct Program {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Program {
    pub(crate) fn start(url: &str) -> Self {
        let address = url.strip_prefix("http://").unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_case-creation"))
            .env_clear()
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", address),
                ("AWS_LAMBDA_FUNCTION_NAME", "case-creation"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_ENDPOINT_URL", url),
                ("SALESFORCE_TOKEN_SECRET_ID", "token"),
                ("TOKEN_MANAGER_FUNCTION", "tms"),
                ("PARKING_BUCKET", "bucket"),
                ("TT_METRICS_NAMESPACE", "pkyc/Salesforce"),
                ("TT_METRICS_SINK", "emf"),
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Returns the number of page faults without input.
    pub(crate) fn page_faults(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The second field is the name in parentheses, the only field that may contain spaces. The tenth is the number of faults.
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        fields.split(' ').nth(7).unwrap().parse().unwrap()
    }

    /// Returns the next document of the embedded metric format.
    pub(crate) fn document(&mut self) -> Value {
        let documents = self.lines.by_ref().filter_map(|line| {
            let document: Value = serde_json::from_str(&line.unwrap()).ok()?;
            document.get("_aws").is_some().then_some(document)
        });
        { documents }.next().expect("the program writes its counts")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn serve(world: &Shared) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    world.lock().unwrap().url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(Arc::clone(world));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
}

async fn answer(State(world): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    match parts.uri.path() {
        "/2018-06-01/runtime/invocation/next" => {
            let event = world.lock().unwrap().events.pop_front();
            let Some(event) = event else {
                return std::future::pending().await;
            };
            let headers = [
                ("lambda-runtime-aws-request-id", "1"),
                ("lambda-runtime-deadline-ms", "32503680000000"),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:x:1:function:f",
                ),
            ];
            (headers, event.to_string()).into_response()
        }
        path if path.starts_with("/2018-06-01/runtime/") => StatusCode::ACCEPTED.into_response(),
        path if path.ends_with("/composite/sobjects") => {
            let request: Value = serde_json::from_slice(&body).unwrap();
            let records = request["records"].as_array().unwrap();
            let created = json!({"id": "500A", "success": true, "errors": []});
            let results: Vec<_> = records.iter().map(|_| created.clone()).collect();
            let mut response = Value::from(results).to_string().into_response();
            let usage = world.lock().unwrap().usages.pop_front().flatten();
            if let Some(usage) = usage {
                let usage = usage.parse().unwrap();
                response.headers_mut().insert("sforce-limit-info", usage);
            }
            response
        }
        "/" => {
            let url = world.lock().unwrap().url.clone();
            let token = json!({"access_token": "t", "instance_url": url});
            let secret = json!({"Name": "token", "SecretString": token.to_string()});
            secret.to_string().into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Returns the event of a batch with `count` records, starting with number `first`.
pub(crate) fn batch(first: u64, count: u64) -> Value {
    let record = |index| {
        let source = Source::new("bucket", "incoming/a.csv", "v1", index);
        let event = TtEvent::new(source, "2026-01-01T00:00:00Z", "r", "c", "kyc_review");
        let data = STANDARD.encode(event.encode());
        json!({"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": index.to_string(), "data": data}})
    };
    let records: Vec<_> = (first..first + count).map(record).collect();
    json!({ "Records": records })
}
