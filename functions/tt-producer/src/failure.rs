//! Why a record ended unpublished.

use kinesis_batch::PutError;

use crate::{Error, gunzip::BrokenGzip, record::Malformed, split::SplitError};

/// Why a record ended unpublished. The texts hold none of its content: they are logged and parked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The file holds something else in its place.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// It is no record.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It was parked, and only in part.
    #[error("only the beginning of the parked record is here: upload the file itself again")]
    Truncated,
    /// It did not reach the stream.
    #[error(transparent)]
    Put(#[from] PutError),
    /// The file could not be unpacked further: one failure for all that follows.
    #[error("rest of the file: {0}")]
    Gzip(#[from] BrokenGzip),
    /// The file could not be read further: one failure for all that follows.
    #[error("rest of the file: {0}")]
    Unread(Error),
    /// The deadline came first: one failure for all that follows.
    #[error("rest of the file: out of time")]
    OutOfTime,
    /// Nothing of the file could be read, while others of the same notification were counted.
    #[error("whole file: {0}")]
    Unopened(Error),
    /// The task that put it ended without an answer.
    #[error("publishing task ended without an answer")]
    Task,
}
