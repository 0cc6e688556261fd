//! A Lambda service of one function: the runtime API, CloudWatch, and the function as a process.

use std::{
    collections::{BTreeMap, VecDeque},
    future::pending,
    io,
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::stream;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    net::TcpListener,
    process::{Child, Command},
    sync::watch,
};

use crate::cloudwatch::{self, Answer};

/// Everything that a healthy run does takes far less.
const PATIENCE: Duration = Duration::from_mins(1);

/// What Lambda, CloudWatch and the log saw, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    /// The function registered an extension.
    Registered,
    /// The extension asked for its next event, which ends its initialisation.
    ExtensionNext,
    /// The function asked for credentials.
    Credentials,
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
    pub(crate) env: Vec<(&'static str, String)>,
    /// How long an invocation may take; zero stands for a deadline in the past.
    pub(crate) timeout: Duration,
    /// Whether credentials have to be asked for, which nobody answers.
    pub(crate) keyless: bool,
    /// The extensions API.
    pub(crate) extensions: Extensions,
}

/// How the extensions API answers a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Extensions {
    /// At once.
    Api,
    /// At once, and it leaves the connection open.
    KeepsOpen,
    /// Only when the function asked for its first event.
    Late,
    /// There is none.
    #[default]
    Absent,
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
    extensions: Extensions,
    seen: watch::Sender<Vec<Seen>>,
    deadline: Mutex<SystemTime>,
    invocations: AtomicUsize,
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
            invocations: AtomicUsize::new(0),
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(answer))
            .route("/2020-01-01/extension/register", post(register))
            .route("/2020-01-01/extension/event/next", get(extension_next))
            .route("/credentials", get(credentials))
            .route(
                "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                post(put_metric_data),
            )
            .with_state(Arc::clone(&world));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let keys = keys
            .into_iter()
            .filter(|_| !self.keyless)
            .map(|name| (name, "test"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_counted-function"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .env(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("http://{address}/credentials"),
            )
            .env("AWS_ENDPOINT_URL", format!("http://{address}"))
            .env("AWS_LAMBDA_FUNCTION_NAME", "counted")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "eu-west-1")
            .envs(keys)
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
        return pending().await;
    };
    let deadline = match world.timeout {
        Duration::ZERO => SystemTime::UNIX_EPOCH + Duration::from_secs(1),
        timeout => SystemTime::now() + timeout,
    };
    *world.deadline.lock().expect("is not poisoned") = deadline;
    let since = deadline
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("is later");
    let number = 1 + world.invocations.fetch_add(1, Ordering::Relaxed);
    let headers = [
        ("lambda-runtime-aws-request-id", format!("request-{number}")),
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
    if world.extensions == Extensions::Absent || !headers.contains_key("lambda-extension-name") {
        return StatusCode::NOT_FOUND.into_response();
    }
    world.saw(Seen::Registered);
    if world.extensions == Extensions::Late {
        let mut seen = world.seen.subscribe();
        let asked = seen.wait_for(|seen| seen.contains(&Seen::Next)).await;
        asked.expect("the world lasts");
    }
    let body = match world.extensions {
        Extensions::KeepsOpen => Body::from_stream(stream::pending::<io::Result<Bytes>>()),
        _ => Body::from("{}"),
    };
    ([("lambda-extension-identifier", "extension-1")], body).into_response()
}

async fn extension_next(State(world): State<Arc<World>>) -> Response {
    world.saw(Seen::ExtensionNext);
    pending().await
}

async fn credentials(State(world): State<Arc<World>>) -> Response {
    world.saw(Seen::Credentials);
    pending().await
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
        Answer::Throttle | Answer::Refuse | Answer::Hang => Seen::Refused,
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
