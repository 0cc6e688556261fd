//! The error of a record that did not reach the stream.

use std::{error::Error, sync::Arc};

/// The error of a record that did not reach the stream. The text never contains content of the record.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PutError {
    /// The record exceeds the limit; it was not sent.
    #[error("record of {bytes} bytes exceeds the limit of {limit} bytes")]
    TooLarge {
        /// Bytes of data and key.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The partition key is empty or too long; the record was not sent.
    #[error("partition key has {characters} characters, Kinesis accepts 1 to 256")]
    PartitionKey {
        /// Length of the key.
        characters: usize,
    },
    /// Kinesis accepted the request but rejected this record, also at the last attempt.
    #[error("stream `{stream}` rejected the record with {code}, attempts: {attempts}")]
    Refused {
        /// The stream.
        stream: Arc<str>,
        /// The error code of the last response.
        code: Arc<str>,
        /// The number of attempts.
        attempts: u32,
    },
    /// The request failed with an error that is permanent, or also at the last attempt.
    #[error("request to stream `{stream}` failed with {code}, attempts: {attempts}")]
    Request {
        /// The stream.
        stream: Arc<str>,
        /// The error code, or the kind of failure.
        code: Arc<str>,
        /// The number of attempts.
        attempts: u32,
        /// Whether another attempt could have succeeded.
        retryable: bool,
        /// The cause. It may quote the request, so it must not be logged.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The deadline passed first.
    #[error("out of time, attempts: {attempts}")]
    OutOfTime {
        /// The number of attempts.
        attempts: u32,
    },
    /// The response cannot be matched to the records of the request.
    #[error("stream `{stream}` returned {answered} results for {sent} records")]
    Protocol {
        /// The stream.
        stream: Arc<str>,
        /// Records in the request.
        sent: usize,
        /// Valid results in the response.
        answered: usize,
    },
}
