//! Standard output: where documents are written, and which of them were written as a whole when a write fails.

mod error;
mod position;

#[cfg(unix)]
mod pipe;

#[cfg(unix)]
#[cfg_attr(
    not(feature = "lambda"),
    expect(dead_code, reason = "only the Lambda layer starts the relay")
)]
pub(crate) mod relay;

use std::{
    io::{self, Write},
    sync::{Mutex, TryLockError},
    time::{Duration, Instant},
};

pub(super) use error::WriteError;
use error::full;
pub(crate) use position::LinePosition;

/// The pause between two attempts to become the writer.
const LOCK_PAUSE: Duration = Duration::from_millis(1);

/// Documents, one a line.
#[derive(Debug)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// The end of each document, its line feed not included.
    ends: Vec<usize>,
}

/// Standard output, as documents are written to it.
#[derive(Debug)]
struct Output {
    #[cfg(unix)]
    relay: Option<pipe::Relay>,
    position: LinePosition,
}

static OUTPUT: Mutex<Output> = Mutex::new(Output {
    #[cfg(unix)]
    relay: None,
    position: LinePosition::SHARED,
});

impl Lines {
    pub(super) fn new() -> Self {
        Self {
            // Written only if a line of another writer has to be ended first.
            bytes: vec![b'\n'],
            ends: Vec::new(),
        }
    }

    /// Adds a document, which ends with its line feed.
    pub(super) fn push(&mut self, render: impl FnOnce(&mut Vec<u8>)) {
        render(&mut self.bytes);
        self.ends.push(self.bytes.len().saturating_sub(1));
    }

    /// Writes the documents to standard output, and waits for it until then at most.
    ///
    /// Nothing is written if `may_begin` returns `false`. It is called when the output is ready, by the only writer.
    #[cfg(unix)]
    pub(super) fn put_out(
        &self,
        until: Instant,
        may_begin: impl FnOnce() -> bool,
    ) -> Result<(), WriteError> {
        #[cfg(all(test, feature = "lambda"))]
        if tests::is_replaced() {
            return if may_begin() {
                tests::take(&self.bytes)
            } else {
                Ok(())
            };
        }
        let mut output = locked(until).map_err(|error| WriteError { written: 0, error })?;
        let Output { relay, position } = &mut *output;
        if let Some(relay) = relay {
            let forwarded = relay.forward(position, until);
            forwarded.map_err(|error| WriteError { written: 0, error })?;
        }
        if !may_begin() {
            return Ok(());
        }
        if let Some(relay) = relay {
            return self.write(position, &mut relay.writer(until));
        }
        // Past the buffer of standard output and under its lock: text of a line that the program has not ended stays in
        // that buffer, and lines of other threads are not mixed with a document.
        let stdout = io::stdout().lock();
        let file = pipe::unbuffered(&stdout);
        let file = file.map_err(|error| WriteError { written: 0, error })?;
        self.write(position, &mut pipe::Patient::new(&file, until))
    }

    #[cfg(not(unix))]
    pub(super) fn put_out(
        &self,
        until: Instant,
        may_begin: impl FnOnce() -> bool,
    ) -> Result<(), WriteError> {
        let mut output = locked(until).map_err(|error| WriteError { written: 0, error })?;
        if !may_begin() {
            return Ok(());
        }
        self.write(&mut output.position, &mut io::stdout().lock())
    }

    /// Writes the documents to a writer, after a line feed if the output may be within a line.
    ///
    /// A document was written as a whole once its last brace was. A part of a document is not JSON, which CloudWatch
    /// does not count, and the next write ends its line first.
    pub(super) fn write(
        &self,
        position: &mut LinePosition,
        writer: &mut impl Write,
    ) -> Result<(), WriteError> {
        let begin = usize::from(!position.is_shared && !position.is_torn);
        let mut written = begin;
        let result = write_all(writer, &self.bytes, &mut written);
        let last = written.checked_sub(1).and_then(|at| self.bytes.get(at));
        if written > begin {
            position.is_torn = last != Some(&b'\n');
        }
        result.map_err(|error| WriteError {
            written: self.ends.iter().filter(|end| **end <= written).count(),
            error,
        })
    }
}

/// Waits until no other thread writes documents.
fn locked(until: Instant) -> io::Result<std::sync::MutexGuard<'static, Output>> {
    loop {
        match OUTPUT.try_lock() {
            Ok(output) => return Ok(output),
            Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => return Err(full()),
        }
    }
}

fn write_all(writer: &mut impl Write, bytes: &[u8], written: &mut usize) -> io::Result<()> {
    while let Some(rest) = bytes.get(*written..).filter(|rest| !rest.is_empty()) {
        match writer.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(number) => *written += number,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    writer.flush()
}

#[cfg(test)]
#[cfg(feature = "lambda")]
pub(crate) mod tests {
    use std::{cell::RefCell, io};

    use super::WriteError;

    type Replacement = Box<dyn Fn(&[u8]) -> io::Result<()>>;

    thread_local! {
        static REPLACEMENT: RefCell<Option<Replacement>> = const { RefCell::new(None) };
    }

    /// Hands what this thread writes from now on to a test, in place of standard output.
    pub(crate) fn replace_output(output: impl Fn(&[u8]) -> io::Result<()> + 'static) {
        REPLACEMENT.set(Some(Box::new(output)));
    }

    pub(super) fn is_replaced() -> bool {
        REPLACEMENT.with_borrow(Option::is_some)
    }

    pub(super) fn take(lines: &[u8]) -> Result<(), WriteError> {
        let taken = REPLACEMENT.with_borrow(|output| output.as_ref().map(|output| output(lines)));
        let taken = taken.unwrap_or(Ok(()));
        taken.map_err(|error| WriteError { written: 0, error })
    }
}
