//! A Lambda service of one function: the runtime API, CloudWatch, and the function as a process.

use std::{
    collections::{BTreeMap, VecDeque},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    net::TcpListener,
    process::{Child, Command},
    sync::watch,
};

use crate::cloudwatch::{self, Answer};

/// Everything that a healthy run does takes far less.
const PATIENCE: Duration = Duration::from_secs(30);

/// What Lambda, CloudWatch and the log saw, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    /// The function registered an extension.
    Registered,
    /// The function asked for the next event.
    Next,
    /// The function answered an invocation.
    Response,
    /// The function reported that an invocation failed.
    Error,
    /// CloudWatch stored these values.
    Stored(BTreeMap<String, f64>),
    /// CloudWatch stored nothing.
    Refused,
    /// The log got a document in embedded metric format.
    Emf(serde_json::Value),
    /// The log got a line of another kind.
    Log(String),
}

/// What a test prepares.
#[derive(Debug, Default)]
pub(crate) struct Lambda {
    /// The payloads of the invocations; after the last one, no event comes.
    pub(crate) events: Vec<String>,
    /// How CloudWatch answers its first requests; it accepts all later ones.
    pub(crate) answers: Vec<Answer>,
    /// Variables beyond those that each function has.
    pub(crate) env: Vec<(&'static str, &'static str)>,
    /// How long an invocation may take; zero stands for a deadline in the past.
    pub(crate) timeout: Duration,
    /// Whether there is an extensions API.
    pub(crate) extensions: bool,
}

/// A function that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    world: Arc<World>,
    seen: watch::Receiver<Vec<Seen>>,
}

#[derive(Debug)]
struct World {
    events: Mutex<VecDeque<String>>,
    answers: Mutex<VecDeque<Answer>>,
    timeout: Duration,
    extensions: bool,
    seen: watch::Sender<Vec<Seen>>,
    deadline: Mutex<SystemTime>,
}

impl Lambda {
    /// Starts service and function.
    pub(crate) async fn start(self) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("is bound").to_string();
        let (sender, seen) = watch::channel(Vec::new());
        let world = Arc::new(World {
            events: Mutex::new(self.events.into()),
            answers: Mutex::new(self.answers.into()),
            timeout: self.timeout,
            extensions: self.extensions,
            seen: sender,
            deadline: Mutex::new(SystemTime::UNIX_EPOCH),
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(answer))
            .route("/2020-01-01/extension/register", post(register))
            .route("/2020-01-01/extension/event/next", get(no_event))
            .route(
                "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                post(put_metric_data),
            )
            .with_state(Arc::clone(&world));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let mut child = Command::new(env!("CARGO_BIN_EXE_counted-function"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .env("AWS_ENDPOINT_URL", format!("http://{address}"))
            .env("AWS_LAMBDA_FUNCTION_NAME", "counted")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("TT_METRICS_NAMESPACE", "pkyc/Salesforce")
            .envs(self.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("starts");
        follow(child.stdout.take().expect("is piped"), &world);
        follow(child.stderr.take().expect("is piped"), &world);
        Running { child, world, seen }
    }
}

impl Running {
    /// Waits until the function asked for events so often.
    pub(crate) async fn asked(&mut self, times: usize) -> Vec<Seen> {
        let asked = |seen: &[Seen]| seen.iter().filter(|seen| **seen == Seen::Next).count();
        self.until(|seen| asked(seen) >= times).await
    }

    /// Waits until what was seen satisfies a condition.
    pub(crate) async fn until(&mut self, satisfied: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let waited = tokio::time::timeout(PATIENCE, self.seen.wait_for(|seen| satisfied(seen)));
        match waited.await {
            Ok(Ok(seen)) => seen.clone(),
            Ok(Err(_)) | Err(_) => panic!("did not happen; seen: {:#?}", self.world.seen.borrow()),
        }
    }

    /// The deadline of the invocation that began last.
    pub(crate) fn deadline(&self) -> SystemTime {
        *self.world.deadline.lock().expect("is not poisoned")
    }

    /// Sends SIGTERM.
    pub(crate) async fn terminate(&mut self) {
        let id = self.child.id().expect("runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let waited = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        waited.expect("ends").expect("can be waited for")
    }
}

impl World {
    fn saw(&self, seen: Seen) {
        self.seen.send_modify(|all| all.push(seen));
    }
}

async fn next(State(world): State<Arc<World>>) -> Response {
    world.saw(Seen::Next);
    let event = world.events.lock().expect("is not poisoned").pop_front();
    let Some(event) = event else {
        return std::future::pending().await;
    };
    let deadline = match world.timeout {
        Duration::ZERO => SystemTime::UNIX_EPOCH + Duration::from_secs(1),
        timeout => SystemTime::now() + timeout,
    };
    *world.deadline.lock().expect("is not poisoned") = deadline;
    let since = deadline
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("is later");
    let headers = [
        ("lambda-runtime-aws-request-id", "request-1".to_owned()),
        ("lambda-runtime-deadline-ms", since.as_millis().to_string()),
    ];
    (headers, event).into_response()
}

async fn answer(
    State(world): State<Arc<World>>,
    Path((_, kind)): Path<(String, String)>,
    _body: Bytes,
) -> StatusCode {
    world.saw(match kind.as_str() {
        "response" => Seen::Response,
        _ => Seen::Error,
    });
    StatusCode::ACCEPTED
}

async fn register(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    if !world.extensions || !headers.contains_key("lambda-extension-name") {
        return StatusCode::NOT_FOUND.into_response();
    }
    world.saw(Seen::Registered);
    ([("lambda-extension-identifier", "extension-1")], "{}").into_response()
}

async fn no_event() -> Response {
    std::future::pending().await
}

async fn put_metric_data(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let data = cloudwatch::parse(&headers, &body).expect("keeps CloudWatch's limits");
    let answer = world.answers.lock().expect("is not poisoned").pop_front();
    let answer = answer.unwrap_or(Answer::Accept);
    world.saw(match answer {
        Answer::Throttle | Answer::Refuse => Seen::Refused,
        _ => Seen::Stored(data.into_iter().collect()),
    });
    cloudwatch::respond(answer).await
}

/// Reads an output of the function line by line.
fn follow(output: impl AsyncRead + Unpin + Send + 'static, world: &Arc<World>) {
    let world = Arc::clone(world);
    let mut lines = BufReader::new(output).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            world.saw(match serde_json::from_str(&line) {
                Ok(document) if line.contains("\"_aws\"") => Seen::Emf(document),
                _ => Seen::Log(line),
            });
        }
    });
}
