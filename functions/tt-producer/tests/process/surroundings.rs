//! S3, Kinesis and the APIs of Lambda on one address, for one invocation of the program.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// What the program reads, and how the stream answers.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// The key of the object, as in a notification.
    pub(crate) key: &'static str,
    /// The part that the object repeats.
    pub(crate) block: Bytes,
    pub(crate) blocks: usize,
    /// Whether the body stays open behind the last block.
    pub(crate) stalls: bool,
    /// Whether the stream refuses the last record of each request, and does not answer when it is sent again alone.
    pub(crate) refuses: bool,
    pub(crate) state: Arc<Observed>,
}

/// What the program did.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    invoked: Mutex<bool>,
    response: Mutex<Option<oneshot::Sender<Value>>>,
    /// Records that the stream acknowledged.
    pub(crate) acknowledged: AtomicUsize,
    /// Requests without an answer.
    pub(crate) hanging: AtomicUsize,
    /// Notified at each of them, and when the program is ready for another invocation.
    pub(crate) changed: tokio::sync::Notify,
    /// Whether it is ready: then it has written its metrics.
    pub(crate) ready: AtomicBool,
}

/// The running program, killed with its test.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) child: Child,
    pub(crate) response: oneshot::Receiver<Value>,
    /// Standard output and standard error, which are both the log.
    outputs: Vec<JoinHandle<Vec<String>>>,
}

impl Surroundings {
    pub(crate) fn new(key: &'static str, block: impl Into<Bytes>, blocks: usize) -> Self {
        Self {
            key,
            block: block.into(),
            blocks,
            stalls: false,
            refuses: false,
            state: Arc::default(),
        }
    }

    /// Starts the program.
    pub(crate) async fn start(&self, log_level: &str) -> Function {
        let (sender, response) = oneshot::channel();
        *self.state.response.lock().unwrap() = Some(sender);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(serve).with_state(self.clone());
        let router = router.layer(DefaultBodyLimit::disable());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let mut child = Command::new(env!("CARGO_BIN_EXE_tt-producer"))
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
                ("RUST_LOG", log_level),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let outputs = vec![
            lines(child.stdout.take().unwrap()),
            lines(child.stderr.take().unwrap()),
        ];
        Function {
            child,
            response,
            outputs,
        }
    }
}

impl Function {
    /// The most memory that the program was resident with, in KiB.
    pub(crate) fn peak_resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let mut lines = status.lines();
        let line = lines.find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Sends a signal, and returns the lines that the program has written when it ended.
    pub(crate) fn stop(mut self, signal: &str) -> Vec<String> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap();
        let outputs = std::mem::take(&mut self.outputs).into_iter();
        outputs.flat_map(|lines| lines.join().unwrap()).collect()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads an output to its end on a separate thread.
fn lines(output: impl Read + Send + 'static) -> JoinHandle<Vec<String>> {
    let lines = BufReader::new(output).lines();
    std::thread::spawn(move || lines.map_while(Result::ok).collect())
}

async fn serve(
    State(around): State<Surroundings>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path();
    if path.ends_with("/extension/register") {
        return ([("lambda-extension-identifier", "e")], "{}").into_response();
    }
    if path.ends_with("/extension/event/next") {
        return std::future::pending().await;
    }
    if path.ends_with("/invocation/next") {
        if std::mem::replace(&mut *around.state.invoked.lock().unwrap(), true) {
            around.state.ready.store(true, Ordering::SeqCst);
            around.state.changed.notify_one();
            return std::future::pending().await;
        }
        return around.invocation();
    }
    if path.contains("/invocation/1/") {
        let response = around.state.response.lock().unwrap().take().unwrap();
        response
            .send(serde_json::from_slice(&body).unwrap())
            .unwrap();
        return StatusCode::ACCEPTED.into_response();
    }
    if path.starts_with("/bucket/incoming/") {
        return around.object();
    }
    let target = headers.get("x-amz-target");
    if target.is_some_and(|target| target == "Kinesis_20131202.PutRecords") {
        return around.put(&body).await;
    }
    if path.starts_with("/bucket/parked/") {
        return StatusCode::OK.into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}

impl Surroundings {
    fn length(&self) -> usize {
        self.block.len() * self.blocks + usize::from(self.stalls)
    }

    fn invocation(&self) -> Response {
        let event = json!({"Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": "bucket"},
                "object": {"key": self.key, "size": self.length(), "eTag": "abc", "versionId": "v1"},
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
        (head, event.to_string()).into_response()
    }

    fn object(&self) -> Response {
        let (block, blocks, length) = (self.block.clone(), self.blocks, self.length());
        let chunks = stream::iter((0..blocks).map(move |_| Ok::<_, std::io::Error>(block.clone())));
        let body = if self.stalls {
            Body::from_stream(chunks.chain(stream::pending()))
        } else {
            Body::from_stream(chunks)
        };
        let response = Response::builder()
            .header("content-length", length)
            .header("etag", "\"abc\"");
        response.body(body).unwrap()
    }

    async fn put(&self, body: &[u8]) -> Response {
        let records = memchr::memmem::find_iter(body, b"\"PartitionKey\"").count();
        if self.refuses && records == 1 {
            self.state.hanging.fetch_add(1, Ordering::SeqCst);
            self.state.changed.notify_one();
            return std::future::pending().await;
        }
        let accepted = json!({"SequenceNumber": "1", "ShardId": "shardId-0"});
        let mut results = vec![accepted; records];
        let mut failed = 0;
        if self.refuses
            && let Some(last) = results.last_mut()
        {
            failed = 1;
            *last = json!({"ErrorCode": "InternalFailure", "ErrorMessage": "no"});
        }
        self.state
            .acknowledged
            .fetch_add(records - failed, Ordering::SeqCst);
        let answer = json!({"FailedRecordCount": failed, "Records": results});
        let head = [("content-type", "application/x-amz-json-1.1")];
        (head, answer.to_string()).into_response()
    }
}

/// The sum of a metric over the embedded metric documents among these lines.
pub(crate) fn sum(lines: &[String], metric: &str) -> u64 {
    let documents = lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    // Documents of counts that were given up are no metrics.
    let documents = documents.filter(|document| document.get("_aws").is_some());
    let values = documents.filter_map(|document| document.get(metric)?.as_u64());
    values.sum()
}
