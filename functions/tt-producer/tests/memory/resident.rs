//! The function as Lambda runs it stays within 128 MiB, however large the file is.
//!
//! `TT_FILE_MIB=2048 cargo test --release -p tt-producer --test memory -- --nocapture` shows the figures of a file of 2 GiB.

use std::{
    io::Write,
    process::{Child, Command},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::oneshot;

const MIB: usize = 1024 * 1024;
/// What the promise allows, in KiB.
const MOST_RESIDENT: u64 = 128 * 1024;

/// S3, Kinesis and the runtime API of Lambda on one address, for one invocation.
#[derive(Debug, Clone)]
struct Surroundings {
    /// What the file consists of, over and over.
    block: Bytes,
    blocks: usize,
    invoked: Arc<Mutex<bool>>,
    answer: Arc<Mutex<Option<oneshot::Sender<Value>>>>,
}

async fn serve(
    State(around): State<Surroundings>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path();
    if path.ends_with("/invocation/next") {
        if std::mem::replace(&mut *around.invoked.lock().unwrap(), true) {
            return std::future::pending().await;
        }
        let length = around.block.len() * around.blocks;
        let event = json!({"Records": [{
            "eventVersion": "2.1",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": "bucket"},
                "object": {"key": "incoming/large.jsonl", "size": length, "eTag": "abc", "versionId": "v1"},
            },
        }]});
        let head = [
            ("lambda-runtime-aws-request-id", "1"),
            ("lambda-runtime-deadline-ms", "99999999999999"),
            (
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:eu-central-1:1:function:f",
            ),
        ];
        return (head, event.to_string()).into_response();
    }
    if path.contains("/invocation/1/") {
        let answer = around.answer.lock().unwrap().take().unwrap();
        answer.send(serde_json::from_slice(&body).unwrap()).unwrap();
        return StatusCode::ACCEPTED.into_response();
    }
    if path.starts_with("/bucket/incoming/") {
        let (block, blocks) = (around.block.clone(), around.blocks);
        let chunks = stream::iter((0..blocks).map(move |_| Ok::<_, std::io::Error>(block.clone())));
        let length = around.block.len() * blocks;
        let response = Response::builder()
            .header("content-length", length)
            .header("etag", "\"abc\"");
        return response.body(Body::from_stream(chunks)).unwrap();
    }
    if headers
        .get("x-amz-target")
        .is_some_and(|target| target == "Kinesis_20131202.PutRecords")
    {
        let needle = b"\"PartitionKey\"";
        let records = memchr::memmem::find_iter(&body, needle).count();
        let one = json!({"SequenceNumber": "1", "ShardId": "shardId-0"});
        let answer = json!({"FailedRecordCount": 0, "Records": vec![one; records]});
        return (
            [("content-type", "application/x-amz-json-1.1")],
            answer.to_string(),
        )
            .into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}

/// The function, ended with its test.
struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Lets the function read a file; returns its answer and the most memory that it was resident with, in KiB.
async fn run(block: Vec<u8>, blocks: usize) -> (Value, u64) {
    let (sender, answer) = oneshot::channel();
    let around = Surroundings {
        block: block.into(),
        blocks,
        invoked: Arc::default(),
        answer: Arc::new(Mutex::new(Some(sender))),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(serve).with_state(around);
    let router = router.layer(axum::extract::DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let function = Command::new(env!("CARGO_BIN_EXE_tt-producer"))
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", address.to_string()),
            ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ])
        .envs([
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "g"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "s"),
            ("EVENT_STREAM_NAME", "tt-events"),
            ("TT_METRICS_NAMESPACE", "test"),
            ("TT_METRICS_SINK", "emf"),
            ("RUST_LOG", "error"),
        ])
        .spawn();
    let function = Function(function.unwrap());
    let answer = answer.await.unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", function.0.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let resident = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    (answer, resident)
}

/// About a MiB of records, and how many they are.
fn records() -> (String, usize) {
    let record = |id: usize| {
        let details = "x".repeat(id % 300);
        format!(
            "{{\"record_id\":\"r-{id}\",\"customer_id\":\"c-{id}\",\"event_type\":\"review\",\"details\":\"{details}\"}}\n"
        )
    };
    let block: Vec<_> = (0..5000).map(record).collect();
    (block.concat(), block.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_not_grow_with_the_file() {
    let mib: usize = std::env::var("TT_FILE_MIB").map_or(16, |mib| mib.parse().unwrap());
    let (block, number) = records();
    let blocks = (mib * MIB).div_ceil(block.len());
    let mut member = GzEncoder::new(Vec::new(), Compression::default());
    member.write_all(block.as_bytes()).unwrap();
    let member = member.finish().unwrap();
    for (form, block) in [("plain", block.into_bytes()), ("gzip", member)] {
        let (answer, resident) = run(block, blocks).await;
        println!("{form}, {mib} MiB unpacked: {resident} KiB resident at most, {answer}");
        assert_eq!(answer["published"], number * blocks, "{answer}");
        assert_eq!(answer["received"], answer["published"]);
        assert!(resident < MOST_RESIDENT, "{form}: {resident} KiB");
    }
}
