//! A Lambda function whose event prescribes how its records end. `runtime.rs` runs it as a separate process.

use std::{
    env,
    future::pending,
    io::Write,
    process::{Command, ExitCode},
    time::{Duration, SystemTime},
};

use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use serde::Deserialize;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::Semaphore,
};

/// What one invocation does.
#[derive(Debug, Deserialize)]
struct Event {
    /// How each record ends.
    records: Vec<Record>,
    /// How the invocation ends.
    then: Then,
    /// Whether it begins when a record of another invocation is stuck.
    #[serde(default)]
    accompanies: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Record {
    Done,
    Failed,
    Panics,
    Cancelled,
    /// Awaits for ever.
    Waits,
    /// Blocks its thread for ever.
    Blocks,
    /// Panics, and counts one more where that unwinds.
    Unwinds,
    /// Runs on a thread that counts one more when it ends.
    Thread,
    /// Is three in one call, which are done.
    Three,
    /// Is five in one call, which awaits for ever.
    Five,
    /// Is six in one call, which panics.
    Sixfold,
    /// Panics in a call with a dimension.
    Dimensional,
    /// Panics in a call whose failures have a reason.
    Reasoned,
    /// Is three in one call with an outcome for each, which panics.
    Each,
}

/// The reason of a failure.
#[derive(Debug, Clone, Copy, tt_metrics::Dimension)]
enum Reason {
    Address,
    Weight,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Then {
    Ok,
    Err,
    Panic,
    /// Awaits for ever.
    Hang,
    /// Blocks its thread for ever.
    Block,
    /// Ends well, and a task that it leaves behind blocks its thread soon after.
    Linger,
    /// Counts one more record after its deadline.
    Late,
    /// Ends well, and a task that it leaves behind waits within a record for ever.
    Leave,
    /// Ends well, and a thread that it leaves behind blocks within a record for ever.
    Detach,
    /// Ends the process.
    Exit,
    /// Ends the process as a fault does.
    Abort,
    /// Prints the beginning of a line, which stays in the buffer of standard output.
    Print,
    /// Prints a line.
    Line,
    /// Writes the beginning of a line, and has a child process write another one.
    Write,
    /// Ends well when its counts are in the log, since its deadline is near.
    Slow,
}

/// Shorter than the time before a deadline in which counts go to the log.
const MOMENT: Duration = Duration::from_millis(100);

#[tt_metrics::count("Received")]
fn receive() {}

#[tt_metrics::count_outcome(success = "Done", failure = "Failed", interrupted = "Interrupted")]
async fn work(record: Record) -> Result<(), Error> {
    tokio::task::yield_now().await;
    match record {
        Record::Done => Ok(()),
        Record::Failed => Err("failed".into()),
        Record::Panics => panics(),
        Record::Cancelled => pending().await,
        Record::Waits => {
            stuck();
            pending().await
        }
        Record::Blocks => {
            stuck();
            block()
        }
        Record::Unwinds => {
            let _last = Last;
            panics()
        }
        Record::Thread => {
            thread_local! {
                static LAST: Last = const { Last };
            }
            let counts = || LAST.with(|_| receive());
            std::thread::spawn(counts)
                .join()
                .map_err(|_| "the thread panicked".into())
        }
        Record::Three
        | Record::Five
        | Record::Sixfold
        | Record::Dimensional
        | Record::Reasoned
        | Record::Each => Err("is a call of another form".into()),
    }
}

#[tt_metrics::count_outcome(
    success = "Done",
    failure = "Failed",
    interrupted = "Interrupted",
    dimensions(Express: bool = express)
)]
fn carry(express: bool) -> Result<(), Error> {
    if express { panics() } else { Ok(()) }
}

#[tt_metrics::count_outcome(
    success = "Done",
    failure = "Failed",
    interrupted = "Interrupted",
    failure_by = Reason
)]
async fn weigh(kilograms: u32) -> Result<(), Reason> {
    tokio::task::yield_now().await;
    match kilograms {
        0 => Err(Reason::Address),
        1 => panics(),
        _ => Err(Reason::Weight),
    }
}

#[tt_metrics::count_outcome(
    success = "Done",
    failure = "Failed",
    interrupted = "Interrupted",
    each,
    items = number,
    rest = failure
)]
async fn ship(number: u32) -> Vec<Result<(), Error>> {
    tokio::task::yield_now().await;
    if number == 0 {
        return Vec::new();
    }
    panics()
}

#[tt_metrics::count_outcome(
    success = "Done",
    failure = "Failed",
    interrupted = "Interrupted",
    items = number
)]
async fn several(number: u32) -> Result<(), Error> {
    tokio::task::yield_now().await;
    match number {
        3 => Ok(()),
        5 => {
            stuck();
            pending().await
        }
        _ => panics(),
    }
}

/// Counts when it is dropped.
struct Last;

impl Drop for Last {
    fn drop(&mut self) {
        receive();
    }
}

/// Open once an invocation is stuck.
static STUCK: Semaphore = Semaphore::const_new(0);

/// The test knows from this line where the invocation is.
#[expect(clippy::print_stderr, reason = "read by the test")]
fn stuck() {
    eprintln!("stuck");
    STUCK.add_permits(1);
}

#[expect(clippy::print_stdout, reason = "read by the test")]
async fn handle(event: LambdaEvent<Event>) -> Result<(), Error> {
    let deadline = event.context.deadline();
    if event.payload.accompanies {
        let _stuck = STUCK.acquire().await?;
    }
    for record in event.payload.records {
        receive();
        match record {
            Record::Panics | Record::Unwinds => {
                // In a separate task, so that the invocation continues.
                let _panicked = tokio::spawn(work(record)).await;
            }
            Record::Cancelled => {
                let _elapsed = tokio::time::timeout(Duration::ZERO, work(record)).await;
            }
            Record::Three => several(3).await?,
            Record::Five => several(5).await?,
            Record::Sixfold => {
                let _panicked = tokio::spawn(several(6)).await;
            }
            Record::Dimensional => {
                let _panicked = tokio::spawn(async { carry(true) }).await;
            }
            Record::Reasoned => {
                let _panicked = tokio::spawn(weigh(1)).await;
            }
            Record::Each => {
                let _panicked = tokio::spawn(ship(3)).await;
            }
            Record::Done | Record::Failed | Record::Waits | Record::Blocks | Record::Thread => {
                let _outcome = work(record).await;
            }
        }
    }
    match event.payload.then {
        Then::Ok => Ok(()),
        Then::Err => Err("the handler failed".into()),
        Then::Panic => panics(),
        Then::Hang => {
            stuck();
            pending().await
        }
        Then::Block => block(),
        Then::Linger => {
            tokio::spawn(async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                block::<()>();
            });
            Ok(())
        }
        Then::Late => {
            let left = deadline.duration_since(SystemTime::now());
            tokio::time::sleep(left.unwrap_or_default() + Duration::from_millis(10)).await;
            // Without an outcome: a call that is open when the watchdog fires again would count as interrupted.
            receive();
            Ok(())
        }
        Then::Slow => {
            let left = deadline.duration_since(SystemTime::now());
            let left = left.unwrap_or_default().saturating_sub(MOMENT);
            tokio::time::sleep(left).await;
            Ok(())
        }
        Then::Leave => {
            tokio::spawn(work(Record::Waits));
            Ok(())
        }
        Then::Detach => {
            let runtime = Handle::current();
            std::thread::spawn(move || runtime.block_on(work(Record::Blocks)));
            Ok(())
        }
        Then::Exit => std::process::exit(3),
        Then::Abort => std::process::abort(),
        Then::Print => {
            print!("a line without end");
            Ok(())
        }
        Then::Line => {
            println!("a line");
            Ok(())
        }
        Then::Write => {
            print!("a line without end");
            std::io::stdout().flush()?;
            Command::new("/bin/echo")
                .args(["-n", "of a child process"])
                .status()?;
            Ok(())
        }
    }
}

fn block<T>() -> T {
    loop {
        std::thread::park();
    }
}

#[expect(clippy::panic, reason = "a panic is what is tested")]
fn panics<T>() -> T {
    panic!("as the event asked")
}

fn main() -> ExitCode {
    tracing::subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let mut builder = match env::var("FLAVOR").as_deref() {
        Ok("current_thread") => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let started = builder.enable_all().build().map_err(Error::from);
    match started.and_then(|runtime| runtime.block_on(start())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "read by the test")]
async fn start() -> Result<(), Error> {
    let flavor = match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => "current_thread",
        _ => "multi_thread",
    };
    eprintln!("runs on {flavor}");
    if env::var_os("WARMS_UP").is_some() {
        receive();
    }
    if env::var_os("AWS_LAMBDA_MAX_CONCURRENCY").is_none() {
        return tt_metrics::run(service_fn(handle)).await;
    }
    tt_metrics::run_concurrent(service_fn(handle)).await
}
