//! Graceful shutdown: what is left is written when Lambda stops the process.
//!
//! Lambda sends SIGTERM only to a function with an extension, so an internal one is registered that wants no events
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>). Where there is no extensions API, as
//! in local stacks, the process just waits for the signal.

use std::{env, io, panic, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use crate::{flush::Flusher, sink::Sink};

const EXTENSION: &str = "tt-metrics-graceful-shutdown";
/// The runtime API is on this machine: an answer takes a millisecond.
const REGISTRATION_TIMEOUT: Duration = Duration::from_secs(1);
/// An answer without a body is far shorter.
const MAX_ANSWER_BYTES: u64 = 16 * 1024;

/// Writes what is left, then ends the process, when SIGTERM or SIGINT arrives.
///
/// Standard output instead of `PutMetricData`, since Lambda leaves 300 to 500 milliseconds.
pub(crate) async fn flush_on_signal<K: Sink>(flusher: Arc<Flusher<K>>) {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        tracing::warn!("signals cannot be received, metrics are not flushed at shutdown");
        return;
    };
    register_extension().await;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        flusher.flush_to_emf(None);
        std::process::exit(0);
    });
}

/// Writes what is left when any thread panics, before the hook that was there runs.
///
/// For programs whose panics abort: no destructor runs in them, so this is the last moment.
pub(crate) fn flush_on_panic<K: Sink>(flusher: Arc<Flusher<K>>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        flusher.flush_to_emf(None);
        before(panic);
    }));
}

/// Registers an extension without events and waits for an event in the background, which ends its initialisation.
async fn register_extension() {
    let Ok(host) = env::var("AWS_LAMBDA_RUNTIME_API") else {
        return;
    };
    let register = format!(
        "POST /2020-01-01/extension/register HTTP/1.1\r\nHost: {host}\r\nLambda-Extension-Name: {EXTENSION}\r\n\
         Content-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{{\"events\":[]}}"
    );
    let answer = timeout(REGISTRATION_TIMEOUT, exchange(&host, &register)).await;
    let identifier = match &answer {
        Ok(Ok(answer)) => extension_identifier(answer),
        Ok(Err(_)) | Err(_) => None,
    };
    let Some(identifier) = identifier else {
        tracing::debug!("there is no extensions API, a shutdown is noticed by its signal alone");
        return;
    };
    let next = format!(
        "GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: {host}\r\n\
         Lambda-Extension-Identifier: {identifier}\r\nConnection: close\r\n\r\n"
    );
    tokio::spawn(async move {
        // No event is subscribed to, so this stays open until the process ends.
        let _ = exchange(&host, &next).await;
    });
}

/// Sends one HTTP/1.1 request and reads until the other side closes.
async fn exchange(host: &str, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream
        .take(MAX_ANSWER_BYTES)
        .read_to_end(&mut answer)
        .await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
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
