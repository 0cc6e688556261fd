//! Graceful shutdown: the counts are written to the log when Lambda stops the process.
//!
//! Lambda sends SIGTERM only to a function with an extension, so an internal one that receives no events is registered
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>). Where there is no extensions API, as
//! in local stacks, the process only waits for the signal.
//!
//! `lambda_runtime::spawn_graceful_shutdown_handler` does not carry this: it panics where there is no extensions API, and
//! it receives the signal in a task, which does not run while a handler blocks the thread of a `current_thread` runtime.

use std::{env, io, panic, sync::Arc, thread, time::Duration};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    time::timeout,
};

use crate::{
    count::panic::count_failures_of_running_calls,
    flush::{Flusher, Urgency},
    sink::Sink,
};

const EXTENSION: &str = "tt-metrics-graceful-shutdown";
/// The longest time that a cold start waits for the extensions API, which is local and answers within a millisecond.
const REGISTRATION_WAIT: Duration = Duration::from_millis(500);

/// Writes the counts to the log and ends the process when SIGTERM or SIGINT arrives.
///
/// It runs on a separate thread, because a handler may block all others. The counts go to standard output instead of
/// `PutMetricData`, because Lambda leaves 300 to 500 milliseconds.
pub(crate) async fn flush_on_signal<K: Sink>(flusher: Arc<Flusher<K>>) {
    let (registered, registration) = oneshot::channel();
    let wait = move || -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(receive_signal(registered))?;
        flusher.write_out(None, Urgency::Final);
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
        // Lambda accepts registrations until the function requests its first event.
        Ok(_) => drop(timeout(REGISTRATION_WAIT, registration).await),
        Err(error) => tracing::warn!(%error, "metrics are not flushed at shutdown"),
    }
}

/// Registers the extension and waits for a signal.
async fn receive_signal(registered: oneshot::Sender<()>) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(register_extension(registered));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Registers an extension without events, and requests its next event, which ends its initialisation.
async fn register_extension(registered: oneshot::Sender<()>) {
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return;
    }
    let extension = lambda_extension::Extension::new()
        .with_events(&[])
        .with_extension_name(EXTENSION);
    match extension.register().await {
        Ok(extension) => {
            // A cold start that no longer waits has dropped the receiver.
            let _ = registered.send(());
            // There are no events, so this request is open until the process ends.
            let _ = extension.run().await;
        }
        Err(error) => {
            tracing::debug!(
                error,
                "there is no extensions API, only a signal announces a shutdown"
            );
        }
    }
}

/// Writes the counts to the log when any thread panics, before the hook that was set before runs.
///
/// It is for programs whose panics abort, in which no destructor runs. The calls that panic are failures, as in programs
/// that unwind; calls that are open on other threads, or wait, are interrupted.
pub(crate) fn flush_on_panic<K: Sink>(flusher: Arc<Flusher<K>>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        count_failures_of_running_calls();
        flusher.write_out(None, Urgency::Final);
        before(panic);
    }));
}
