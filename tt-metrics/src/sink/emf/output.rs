//! Where documents are written to, and how many of them are there when that breaks off.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
};

/// Where a document begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Where the output is: whole lines are what a program writes as a rule.
    Next,
    /// On a line of its own for certain, behind an empty one as a rule: at a moment that does not come back.
    New,
}

/// Documents, one a line.
#[derive(Debug)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Where each document ends, its line feed not included.
    ends: Vec<usize>,
}

/// A write that broke off.
#[derive(Debug)]
pub(super) struct BrokenOff {
    /// How many documents are there as a whole.
    pub(super) whole: usize,
    pub(super) error: io::Error,
}

/// Whether the last write broke off within a line.
static TORN: AtomicBool = AtomicBool::new(false);

impl Lines {
    pub(super) fn new() -> Self {
        Self {
            // Left out unless a line has to be ended first.
            bytes: vec![b'\n'],
            ends: Vec::new(),
        }
    }

    /// Adds a document, which ends with its line feed.
    pub(super) fn push(&mut self, render: impl FnOnce(&mut Vec<u8>)) {
        render(&mut self.bytes);
        self.ends.push(self.bytes.len().saturating_sub(1));
    }

    /// Writes past the buffer of standard output, under its lock: what the program has printed of a line it has not
    /// ended stays in that buffer, and both lines come out whole.
    #[cfg(unix)]
    pub(super) fn put_out(&self, line: Line) -> Result<(), BrokenOff> {
        use std::{fs::File, os::fd::AsFd};
        #[cfg(all(test, feature = "lambda"))]
        if let Some(taken) = tests::take(&self.bytes) {
            return taken.map_err(|error| BrokenOff { whole: 0, error });
        }
        let stdout = io::stdout().lock();
        let output = stdout.as_fd().try_clone_to_owned();
        let output = output.map_err(|error| BrokenOff { whole: 0, error })?;
        self.write(line, &TORN, &mut File::from(output))
    }

    #[cfg(not(unix))]
    pub(super) fn put_out(&self, line: Line) -> Result<(), BrokenOff> {
        self.write(line, &TORN, &mut io::stdout().lock())
    }

    /// Writes the lines; `torn` says whether the write before broke off within a line, and is set for the next one.
    ///
    /// A document is there as soon as its last brace is. A piece of one is no JSON and counts nowhere, since the next
    /// write ends its line first.
    pub(super) fn write(
        &self,
        line: Line,
        torn: &AtomicBool,
        output: &mut impl Write,
    ) -> Result<(), BrokenOff> {
        let ends_a_line = line == Line::New || torn.load(Ordering::Relaxed);
        let mut written = usize::from(!ends_a_line);
        let began = written;
        let result = write_all(output, &self.bytes, &mut written);
        let behind = written.checked_sub(1).and_then(|at| self.bytes.get(at));
        if written > began {
            torn.store(behind != Some(&b'\n'), Ordering::Relaxed);
        }
        result.map_err(|error| BrokenOff {
            whole: self.ends.iter().filter(|end| **end <= written).count(),
            error,
        })
    }
}

fn write_all(output: &mut impl Write, bytes: &[u8], written: &mut usize) -> io::Result<()> {
    while let Some(rest) = bytes.get(*written..).filter(|rest| !rest.is_empty()) {
        match output.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(number) => *written += number,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    output.flush()
}

#[cfg(test)]
#[cfg(feature = "lambda")]
pub(crate) mod tests {
    use std::{cell::RefCell, io};

    type Output = Box<dyn Fn(&[u8]) -> io::Result<()>>;

    thread_local! {
        static OUTPUT: RefCell<Option<Output>> = const { RefCell::new(None) };
    }

    /// Hands what this thread writes from now on to a test, in place of standard output.
    pub(crate) fn replace_output(output: impl Fn(&[u8]) -> io::Result<()> + 'static) {
        OUTPUT.set(Some(Box::new(output)));
    }

    pub(super) fn take(lines: &[u8]) -> Option<io::Result<()>> {
        OUTPUT.with_borrow(|output| output.as_ref().map(|output| output(lines)))
    }
}
