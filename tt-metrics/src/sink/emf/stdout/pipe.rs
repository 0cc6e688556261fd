//! The pipe of the relay, and writes with a time limit.

use std::{
    fs::File,
    io::{self, PipeReader, Read, Write},
    os::fd::{AsFd, BorrowedFd},
    time::Instant,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{error::full, position::LinePosition};

/// The number of bytes that a pipe accepts without blocking once it is ready (`PIPE_BUF`, pipe(7)).
const MAX_WRITE_BYTES: usize = 4096;
/// The number of bytes that are read at once, which is the size of a pipe.
const MAX_READ_BYTES: usize = 64 * 1024;

/// The pipe to which the program writes, and the original output.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) pipe: PipeReader,
    pub(super) original: File,
    /// Bytes that were read from the pipe and not written yet.
    pub(super) unwritten: Vec<u8>,
    /// Whether nobody can write to the pipe any more.
    pub(super) is_ended: bool,
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
pub(super) fn wait(file: BorrowedFd<'_>, flags: PollFlags, until: Option<Instant>) -> bool {
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
