//! What Lambda and CloudWatch answer to the function, and what they and the log have seen.

use std::{
    collections::VecDeque,
    future::pending,
    process::Stdio,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use crate::{
    lambda::{Extensions, Seen},
    wire,
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use cloudwatch_stand_in::{Answer, LogFilter, Refusal, Stored};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Command,
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// What the servers know and have seen.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) events: Mutex<VecDeque<String>>,
    pub(crate) answers: Mutex<VecDeque<Answer>>,
    pub(crate) timeout: Duration,
    pub(crate) deadline_header: Option<&'static str>,
    pub(crate) extensions: Extensions,
    pub(crate) seen: watch::Sender<Vec<Seen>>,
    pub(crate) deadline: Mutex<SystemTime>,
    pub(crate) invocations: AtomicUsize,
    pub(crate) enforced: bool,
    pub(crate) filter: LogFilter,
    pub(crate) process: OnceLock<u32>,
}

impl World {
    /// Everything that the function may call.
    pub(crate) fn routes(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/2018-06-01/runtime/restore/next", get(restore))
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(answer))
            .route("/2020-01-01/extension/register", post(register))
            .route("/2020-01-01/extension/event/next", get(extension_next))
            .route("/credentials", get(credentials))
            .with_state(Arc::clone(self))
    }

    /// Reads an output of the function line by line.
    pub(crate) fn follow(
        self: &Arc<Self>,
        output: impl AsyncRead + Unpin + Send + 'static,
    ) -> JoinHandle<()> {
        let world = Arc::clone(self);
        let mut lines = BufReader::new(output).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if !world.filter.passes(&line) && line != "stuck" {
                    continue;
                }
                world.saw(match serde_json::from_str::<serde_json::Value>(&line) {
                    Ok(document) if document.get("_aws").is_some() => Seen::Emf(document),
                    Ok(document) if document.get("tt_metrics_unconfirmed").is_some() => {
                        Seen::Unconfirmed(document)
                    }
                    _ => Seen::Log(line),
                });
            }
        })
    }

    /// Receives one request and returns the next answer of the test.
    pub(crate) fn put_metric_data(&self, data: Result<Vec<Stored>, Refusal>) -> Answer {
        let data = data.expect("keeps CloudWatch's limits");
        if !data.is_empty() && data.iter().all(|it| it.resolution == 1) {
            self.saw(Seen::HighResolution);
        }
        let answer = self.answers.lock().expect("is not poisoned").pop_front();
        let answer = answer.unwrap_or(Answer::ACCEPT);
        let values = data.iter().map(|it| {
            let dimensions: Vec<_> = it.dimensions.iter().collect();
            (wire::series(&it.metric, &dimensions), it.sum())
        });
        self.saw(if answer.stores {
            Seen::Stored(values.collect())
        } else {
            Seen::Refused
        });
        answer
    }

    fn saw(&self, seen: Seen) {
        self.seen.send_modify(|all| all.push(seen));
    }

    /// Waits until an invocation, or what it left behind, is stuck.
    async fn stuck(&self) {
        let mut seen = self.seen.subscribe();
        let stuck = |seen: &[Seen]| seen.contains(&Seen::Log("stuck".to_owned()));
        let stuck = seen.wait_for(|seen| stuck(seen)).await.map(drop);
        stuck.expect("the world lasts");
    }

    pub(crate) async fn signal(&self, signal: &str) -> bool {
        let id = self.process.get().expect("runs").to_string();
        let mut kill = Command::new("kill");
        let sent = kill
            .args(["-s", signal, &id])
            .stderr(Stdio::null())
            .status();
        sent.await.expect("kill runs").success()
    }

    /// Stops the process as Lambda does, unless it asks for its next event in time.
    async fn stop_at(self: Arc<Self>, deadline: SystemTime) {
        let left = deadline.duration_since(SystemTime::now());
        let mut seen = self.seen.subscribe();
        let asked = |seen: &[Seen]| seen.iter().filter(|seen| **seen == Seen::Next).count();
        let before = asked(&seen.borrow_and_update());
        let again = seen.wait_for(|seen| asked(seen) > before);
        if timeout(left.unwrap_or_default(), again).await.is_ok() {
            return;
        }
        let has_extension = self.seen.borrow().contains(&Seen::Registered);
        if has_extension && self.signal("TERM").await {
            sleep(Duration::from_millis(500)).await;
        }
        // It may have ended meanwhile.
        self.signal("KILL").await;
    }
}

/// Answers from the copy: the snapshot is not taken before the log has what was counted until then.
async fn restore(State(world): State<Arc<World>>) -> StatusCode {
    let mut seen = world.seen.subscribe();
    let logged = |seen: &[Seen]| seen.iter().any(|seen| matches!(seen, Seen::Emf(_)));
    let logged = seen.wait_for(|seen| logged(seen)).await.map(drop);
    logged.expect("the world lasts");
    world.saw(Seen::Restored);
    StatusCode::OK
}

async fn next(State(world): State<Arc<World>>) -> Response {
    world.saw(Seen::Next);
    let event = world.events.lock().expect("is not poisoned").pop_front();
    let Some(event) = event else {
        return pending().await;
    };
    let (event, timeout) = match event.strip_prefix("longer ") {
        Some(event) => (event.to_owned(), world.timeout * 2),
        None => (event, world.timeout),
    };
    let deadline = match timeout {
        Duration::ZERO => SystemTime::UNIX_EPOCH + Duration::from_secs(1),
        timeout => SystemTime::now() + timeout,
    };
    if let Some(status) = event.strip_prefix("status ") {
        world.stuck().await;
        let status = status.parse().expect("is a number");
        return StatusCode::from_u16(status)
            .expect("is a status")
            .into_response();
    }
    let (event, is_dated) = match event.strip_prefix("undated ") {
        Some(event) => {
            world.stuck().await;
            (event.to_owned(), false)
        }
        None => (event, true),
    };
    *world.deadline.lock().expect("is not poisoned") = deadline;
    let since = deadline
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("is later");
    if world.enforced {
        tokio::spawn(Arc::clone(&world).stop_at(deadline));
    }
    let number = 1 + world.invocations.fetch_add(1, Ordering::Relaxed);
    let id = format!("request-{number}");
    let mut answer = ([("lambda-runtime-aws-request-id", id)], event).into_response();
    if is_dated {
        let deadline = match world.deadline_header {
            Some(header) => HeaderValue::from_static(header),
            None => HeaderValue::from_str(&since.as_millis().to_string()).expect("is a number"),
        };
        let headers = answer.headers_mut();
        headers.insert("lambda-runtime-deadline-ms", deadline);
    }
    answer
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
    let function = r#"{"functionName": "counted", "functionVersion": "1", "handler": "bootstrap"}"#;
    ([("lambda-extension-identifier", "extension-1")], function).into_response()
}

async fn extension_next(State(world): State<Arc<World>>) -> Response {
    world.saw(Seen::ExtensionNext);
    pending().await
}

async fn credentials(State(world): State<Arc<World>>) -> Response {
    world.saw(Seen::Credentials);
    pending().await
}
