//! The errors of writes to the output.

use std::io;

/// A write that failed.
#[derive(Debug)]
pub(in crate::sink::emf) struct WriteError {
    /// The number of documents that were written as a whole.
    pub(in crate::sink::emf) written: usize,
    pub(in crate::sink::emf) error: io::Error,
}

/// The error of a write for which the output was full until its time limit.
pub(super) fn full() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "standard output accepted no more bytes in time",
    )
}
