//! A Lambda service of one function: the runtime API, CloudWatch, and the function as a process.

use std::{
    collections::BTreeMap,
    io::{self, PipeReader, Write},
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, OnceLock, atomic::AtomicUsize},
    time::{Duration, SystemTime},
};

use cloudwatch_stand_in::{Answer, CloudWatch, LogFilter};
use tokio::{
    net::{TcpListener, unix::pipe},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use crate::world::World;

/// The size of a pipe on Linux (pipe(7)).
const PIPE_BYTES: usize = 64 * 1024;
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
    /// The function is ready for the snapshot, and was restored from it at once.
    Restored,
    /// The function asked for the next event.
    Next,
    /// The function answered an invocation.
    Response,
    /// The function reported that an invocation failed.
    Error,
    /// CloudWatch got a request in which every metric has high resolution.
    HighResolution,
    /// CloudWatch stored these values.
    Stored(BTreeMap<String, f64>),
    /// CloudWatch stored nothing.
    Refused,
    /// The log got a document in embedded metric format.
    Emf(serde_json::Value),
    /// The log got a document with counts that were given up.
    Unconfirmed(serde_json::Value),
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
    /// The time of an invocation; zero is a deadline in the past.
    pub(crate) timeout: Duration,
    /// The deadline in the event, in place of the real one.
    pub(crate) deadline_header: Option<&'static str>,
    /// The reader of standard output.
    pub(crate) reader: Reader,
    /// Whether the process is stopped at the deadline: by SIGTERM and half a second later SIGKILL if it has an extension,
    /// otherwise by SIGKILL.
    pub(crate) enforced: bool,
    /// The program; the counted function if it is not given.
    pub(crate) program: Option<PathBuf>,
    /// Whether credentials have to be asked for, which nobody answers.
    pub(crate) keyless: bool,
    /// The extensions API.
    pub(crate) extensions: Extensions,
}

/// The reader of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Reader {
    /// It reads every line.
    #[default]
    Reads,
    /// It has closed standard output.
    Closed,
    /// It reads nothing until the test calls [`Running::read_output`], and standard output is full.
    Waits,
}

/// How the extensions API answers a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Extensions {
    /// At once.
    Api,
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
    outputs: Vec<JoinHandle<()>>,
    /// The standard output that is not read yet.
    unread: Option<PipeReader>,
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
            deadline_header: self.deadline_header,
            extensions: self.extensions,
            seen: sender,
            deadline: Mutex::new(SystemTime::UNIX_EPOCH),
            invocations: AtomicUsize::new(0),
            enforced: self.enforced,
            filter: LogFilter::new(
                variable(&self.env, "AWS_LAMBDA_LOG_FORMAT"),
                variable(&self.env, "AWS_LAMBDA_LOG_LEVEL"),
            ),
            process: OnceLock::new(),
        });
        let routes = world.routes();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let receiver = Arc::clone(&world);
        let cloudwatch = CloudWatch::start(move |data, _| receiver.put_metric_data(data));
        let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let keys = keys
            .into_iter()
            .filter(|_| !self.keyless)
            .map(|name| (name, "test"));
        let tested = || PathBuf::from(env!("CARGO_BIN_EXE_counted-function"));
        // Another program is built without the SDK.
        let sink = match self.program {
            None => "put_metric_data",
            Some(_) => "emf",
        };
        let (reader, mut stdout) = io::pipe().expect("is a pipe");
        if self.reader == Reader::Waits {
            let line = "x".repeat(PIPE_BYTES - 1) + "\n";
            stdout.write_all(line.as_bytes()).expect("fills the pipe");
        }
        let mut child = Command::new(self.program.unwrap_or_else(tested))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .env(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("http://{address}/credentials"),
            )
            .env("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch.url())
            .env("AWS_LAMBDA_FUNCTION_NAME", "counted")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "eu-west-1")
            .envs(keys)
            .env("TT_METRICS_NAMESPACE", "pkyc/Salesforce")
            .env("TT_METRICS_SINK", sink)
            .envs(self.env)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("starts");
        let id = child.id().expect("runs");
        world.process.set(id).expect("is started once");
        let stderr = child.stderr.take().expect("is piped");
        let mut running = Running {
            outputs: vec![world.follow(stderr)],
            child,
            world,
            seen,
            unread: Some(reader),
        };
        match self.reader {
            Reader::Reads => running.read_output(),
            Reader::Closed => running.unread = None,
            Reader::Waits => {}
        }
        running
    }
}

fn variable<'a>(env: &'a [(&str, String)], name: &str) -> &'a str {
    let found = env.iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, value)| value)
}

impl Running {
    /// Begins to read standard output.
    pub(crate) fn read_output(&mut self) {
        let reader = self.unread.take().expect("is read once");
        let reader = pipe::Receiver::from_owned_fd(reader.into()).expect("is a pipe");
        self.outputs.push(self.world.follow(reader));
    }

    /// Waits until the function asked for events so often.
    pub(crate) async fn asked(&mut self, times: usize) -> Vec<Seen> {
        let asked = |seen: &[Seen]| seen.iter().filter(|seen| **seen == Seen::Next).count();
        self.until(|seen| asked(seen) >= times).await
    }

    /// Waits until what was seen satisfies a condition.
    pub(crate) async fn until(&mut self, satisfied: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let waited = timeout(PATIENCE, self.seen.wait_for(|seen| satisfied(seen)));
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
        self.signal("TERM").await;
    }

    /// Sends a signal.
    pub(crate) async fn signal(&mut self, signal: &str) {
        assert!(self.world.signal(signal).await, "{signal} is sent");
    }

    /// Waits for the end of the process, and for all that it wrote.
    pub(crate) async fn everything(mut self) -> Vec<Seen> {
        self.ended().await;
        for output in &mut self.outputs {
            let waited = timeout(PATIENCE, output).await;
            waited.expect("ends").expect("reads to the end");
        }
        self.seen.borrow().clone()
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let waited = timeout(PATIENCE, self.child.wait()).await;
        waited.expect("ends").expect("can be waited for")
    }
}
