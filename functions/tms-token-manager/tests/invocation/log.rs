//! Captures the log of this process from the first invocation on.

use std::{
    io,
    sync::{Mutex, OnceLock, PoisonError},
};

use lambda_runtime::tracing::{Level, subscriber};

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static CAPTURE: OnceLock<()> = OnceLock::new();

/// Writes to the buffer.
#[derive(Debug)]
struct Buffer;

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts the capture, once. It is global, because a subscriber of one thread misses call sites that another thread used
/// first.
pub(crate) fn capture() {
    CAPTURE.get_or_init(|| {
        // The level TRACE, at which the runtime logs whole events, is never enabled in production.
        subscriber::fmt()
            .with_max_level(Level::DEBUG)
            .with_writer(|| Buffer)
            .init();
    });
}

/// Returns the log so far.
pub(crate) fn lines() -> String {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&lines).into_owned()
}
