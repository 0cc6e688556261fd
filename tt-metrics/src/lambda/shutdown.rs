//! Graceful shutdown: what is left is written when Lambda stops the process.
//!
//! Lambda sends SIGTERM only to a function with an extension, so an internal one is registered that wants no events
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>). Where there is no extensions API, as
//! in local stacks, the process just waits for the signal.

use std::{
    env, io, panic,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    time::timeout,
};

use crate::{
    count::aborting::fail_running_calls,
    flush::{Flusher, Moment},
    sink::Sink,
};

const EXTENSION: &str = "tt-metrics-graceful-shutdown";
/// How long the cold start waits for the extensions API, which is on this machine and answers in a millisecond.
const REGISTRATION_WAIT: Duration = Duration::from_millis(500);
/// How long a sink may send what it has kept itself.
const FINISH: Duration = Duration::from_millis(200);
/// The head of an answer is far shorter.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Writes what is left, then ends the process, when SIGTERM or SIGINT arrives.
///
/// On a thread of its own, since a handler may block all others. To standard output instead of `PutMetricData`, since
/// Lambda leaves 300 to 500 milliseconds.
pub(crate) async fn flush_on_signal<K: Sink>(flusher: Arc<Flusher<K>>) {
    let (registered, registration) = oneshot::channel();
    let wait = move || -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(signalled(registered))?;
        flusher.write_out(None, Moment::Last);
        runtime.block_on(flusher.finish(FINISH));
        std::process::exit(0);
    };
    let started = thread::Builder::new()
        .name("tt-metrics-shutdown".to_owned())
        .spawn(move || {
            if let Err(error) = wait() {
                tracing::warn!(%error, "signals cannot be received, metrics are not flushed at shutdown");
            }
        });
    match started {
        // Lambda takes registrations until the function asks for its first event, so it is waited for.
        Ok(_) => drop(timeout(REGISTRATION_WAIT, registration).await),
        Err(error) => tracing::warn!(%error, "metrics are not flushed at shutdown"),
    }
}

/// Registers the extension and waits for a signal.
async fn signalled(registered: oneshot::Sender<()>) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(register_extension(registered));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Writes what is left when any thread panics, before the hook that was there runs.
///
/// For programs whose panics abort: no destructor runs in them, so this is the last moment. The calls that panic are
/// failures, as they are elsewhere; those that are open on other threads, or wait, are interrupted.
pub(crate) fn flush_on_panic<K: Sink>(flusher: Arc<Flusher<K>>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        fail_running_calls();
        flusher.write_out(None, Moment::Last);
        finish_elsewhere(&flusher);
        before(panic);
    }));
}

/// Lets the sink send what it has kept itself, on a thread of its own: the one that panics may be in a runtime.
fn finish_elsewhere<K: Sink>(flusher: &Arc<Flusher<K>>) {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    // A panic of the sink comes here, too.
    if BEGUN.swap(true, Ordering::Relaxed) {
        return;
    }
    let flusher = Arc::clone(flusher);
    let (over, is_over) = mpsc::channel();
    let finish = move || {
        if let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(flusher.finish(FINISH));
        }
        let _nobody_waits = over.send(());
    };
    let started = thread::Builder::new()
        .name("tt-metrics-finish".to_owned())
        .spawn(finish);
    if started.is_ok() {
        // A sink that blocks its thread does not keep the process from its end either.
        let _over_or_late = is_over.recv_timeout(FINISH * 2);
    }
}

/// Registers an extension without events, says so, and waits for an event, which ends its initialisation.
async fn register_extension(registered: oneshot::Sender<()>) {
    let Ok(host) = env::var("AWS_LAMBDA_RUNTIME_API") else {
        return;
    };
    let register = format!(
        "POST /2020-01-01/extension/register HTTP/1.1\r\nHost: {host}\r\nLambda-Extension-Name: {EXTENSION}\r\n\
         Content-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{{\"events\":[]}}"
    );
    let head = match exchange(&host, &register).await {
        Ok((_, head)) => head,
        Err(_) => String::new(),
    };
    let Some(identifier) = extension_identifier(&head) else {
        tracing::debug!("there is no extensions API, a shutdown is noticed by its signal alone");
        return;
    };
    let next = format!(
        "GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: {host}\r\n\
         Lambda-Extension-Identifier: {identifier}\r\n\r\n"
    );
    let _nobody_waits = registered.send(());
    // No event is subscribed to, so this stays open until the process ends.
    let _ = exchange(&host, &next).await;
}

/// Sends one HTTP/1.1 request and reads the head of the answer; whatever else comes is left in the connection.
async fn exchange(host: &str, request: &str) -> io::Result<(TcpStream, String)> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(1024);
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") && answer.len() < MAX_HEAD_BYTES {
        if stream.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    let head = String::from_utf8_lossy(&answer).into_owned();
    Ok((stream, head))
}

/// The identifier in the head of a successful answer.
fn extension_identifier(answer: &str) -> Option<&str> {
    let head = answer.split("\r\n\r\n").next()?;
    let (status, headers) = head.split_once("\r\n")?;
    if status.split(' ').nth(1) != Some("200") {
        return None;
    }
    let mut headers = headers.lines().filter_map(|line| line.split_once(':'));
    let found = headers.find(|(name, _)| name.eq_ignore_ascii_case("Lambda-Extension-Identifier"));
    found.map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifier_is_read_from_a_successful_answer_only() {
        let answer = "HTTP/1.1 200 OK\r\nlambda-extension-identifier: abc-1\r\n\r\n{}";
        assert_eq!(extension_identifier(answer), Some("abc-1"));
        assert_eq!(
            extension_identifier(&answer.replace("200 OK", "404 Not Found")),
            None
        );
        assert_eq!(extension_identifier(""), None);
    }
}
