//! The relay: the output of the program passes through a pipe of the process, so that the position in the line is known.
//!
//! A document must begin on a new line, also when the program or a child process has written text without a line feed. The
//! text of others in standard output cannot be read back, and a line feed before each document would leave empty lines in
//! the log. So standard output becomes the write end of a pipe. A thread forwards each byte to the original output, and a
//! document is written there after all bytes before it.
//!
//! Bytes that are still in the pipe when the process is killed, or calls `exit` or `abort`, are lost. The thread forwards
//! them within microseconds, and a flush, a signal, a panic that aborts and the end of `run` forward them at once.

use std::{
    fs::File,
    io::{self, IsTerminal, PipeReader, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::FileTypeExt,
    },
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{LinePosition, OUTPUT, full, locked};
use crate::count::sync::lock;

/// The number of bytes that a pipe accepts without blocking once it is ready (`PIPE_BUF`, pipe(7)).
const MAX_WRITE_BYTES: usize = 4096;
/// The number of bytes that are read at once, which is the size of a pipe.
const MAX_READ_BYTES: usize = 64 * 1024;
/// The time for which the thread of the relay waits for a full output before it lets a document time out.
const FORWARD_WAIT: Duration = Duration::from_millis(50);

/// The pipe to which the program writes, and the original output.
#[derive(Debug)]
pub(super) struct Relay {
    pipe: PipeReader,
    original: File,
    /// Bytes that were read from the pipe and not written yet.
    unwritten: Vec<u8>,
    /// Whether nobody can write to the pipe any more.
    is_ended: bool,
}

/// Begins to relay standard output, unless it is a terminal or a device such as `/dev/null`.
///
/// The output is assumed to be at the beginning of a line: text that the program wrote before without a line feed
/// precedes the first document.
pub(crate) fn start() -> io::Result<()> {
    let original = unbuffered(&io::stdout())?;
    let kind = original.metadata()?.file_type();
    if original.is_terminal() || kind.is_char_device() {
        return Ok(());
    }
    let mut output = lock(&OUTPUT);
    if output.relay.is_some() {
        return Ok(());
    }
    let (pipe, program) = io::pipe()?;
    rustix::io::ioctl_fionbio(&pipe, true)?;
    let readable = pipe.try_clone()?;
    thread::Builder::new()
        .name("tt-metrics-stdout".to_owned())
        .spawn(move || forward_always(&readable))?;
    rustix::stdio::dup2_stdout(&program)?;
    output.relay = Some(Relay {
        pipe,
        original,
        unwritten: Vec::new(),
        is_ended: false,
    });
    output.position = LinePosition::EXCLUSIVE;
    Ok(())
}

/// Forwards what the program has written until now.
pub(crate) fn forward(until: Instant) {
    if let Ok(mut output) = locked(until) {
        let super::Output { relay, position } = &mut *output;
        if let Some(relay) = relay {
            let _full_or_closed = relay.forward(position, until);
        }
    }
}

/// Ends the relay: the program writes to the original output again.
pub(crate) fn stop(until: Instant) {
    forward(until);
    let mut output = lock(&OUTPUT);
    if let Some(mut relay) = output.relay.take() {
        // Other threads may have written to the pipe meanwhile.
        if rustix::stdio::dup2_stdout(&relay.original).is_ok() {
            let _full_or_closed = relay.forward(&mut output.position, until);
            output.position = LinePosition::SHARED;
        } else {
            output.relay = Some(relay);
        }
    }
}

/// Forwards what the program writes until the relay ends.
fn forward_always(readable: &PipeReader) {
    loop {
        wait(readable.as_fd(), PollFlags::IN, None);
        let mut output = lock(&OUTPUT);
        let super::Output { relay, position } = &mut *output;
        let Some(relay) = relay else {
            return;
        };
        let _full_or_closed = relay.forward(position, Instant::now() + FORWARD_WAIT);
        if relay.is_ended {
            return;
        }
    }
}

impl Relay {
    /// Forwards all bytes that are in the pipe.
    pub(super) fn forward(
        &mut self,
        position: &mut LinePosition,
        until: Instant,
    ) -> io::Result<()> {
        loop {
            while !self.unwritten.is_empty() {
                let result = Patient::new(&self.original, until).write(&self.unwritten);
                match result {
                    Ok(number) => {
                        let mut written = self.unwritten.drain(..number);
                        position.is_torn = written.next_back() != Some(b'\n');
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        // The bytes wait for a full output. A closed one will never accept them.
                        if error.kind() != io::ErrorKind::TimedOut {
                            self.unwritten.clear();
                        }
                        return Err(error);
                    }
                }
            }
            self.unwritten.resize(MAX_READ_BYTES, 0);
            let read = self.pipe.read(&mut self.unwritten);
            self.unwritten.truncate(*read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => {
                    self.is_ended = true;
                    return Ok(());
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn writer(&self, until: Instant) -> Patient<'_> {
        Patient::new(&self.original, until)
    }
}

pub(super) fn unbuffered(stream: &impl AsFd) -> io::Result<File> {
    Ok(File::from(stream.as_fd().try_clone_to_owned()?))
}

/// Waits until a file is ready; returns whether it is.
fn wait(file: BorrowedFd<'_>, flags: PollFlags, until: Option<Instant>) -> bool {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    let left = left.and_then(|left| Timespec::try_from(left).ok());
    let ready = poll(&mut [PollFd::from_borrowed_fd(file, flags)], left.as_ref());
    ready.is_ok_and(|ready| ready > 0)
}

/// A writer that waits for its file until then at most.
pub(super) struct Patient<'a> {
    file: &'a File,
    until: Instant,
}

impl<'a> Patient<'a> {
    pub(super) fn new(file: &'a File, until: Instant) -> Self {
        Self { file, until }
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !wait(self.file.as_fd(), PollFlags::OUT, Some(self.until)) {
            return Err(full());
        }
        let mut file = self.file;
        file.write(bytes.get(..MAX_WRITE_BYTES).unwrap_or(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut file = self.file;
        file.flush()
    }
}
