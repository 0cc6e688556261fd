//! Why a record did not reach the stream.

use std::{error::Error, sync::Arc};

/// Why a record did not reach the stream. The texts hold no content of the record.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PutError {
    /// The record alone is above the limit; it was not sent.
    #[error("record of {bytes} bytes is above the limit of {limit} bytes")]
    TooLarge {
        /// Data and key.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The partition key is empty or too long; the record was not sent.
    #[error("partition key of {characters} characters, Kinesis takes 1 to 256")]
    PartitionKey {
        /// Length of the key.
        characters: usize,
    },
    /// Kinesis took the request, but not this record, at the last attempt too.
    #[error("stream `{stream}` refused the record with {code}, attempts: {attempts}")]
    Refused {
        /// The stream.
        stream: Arc<str>,
        /// The error code of the last answer.
        code: Arc<str>,
        /// How often it was sent.
        attempts: u32,
    },
    /// The whole request failed, for good or at the last attempt too.
    #[error("request to stream `{stream}` failed with {code}, attempts: {attempts}")]
    Request {
        /// The stream.
        stream: Arc<str>,
        /// The error code, or the kind of failure.
        code: Arc<str>,
        /// How often it was sent.
        attempts: u32,
        /// Whether another attempt could have helped.
        retryable: bool,
        /// The cause; may quote the request, so it is not for logs.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The deadline came first.
    #[error("out of time, attempts: {attempts}")]
    OutOfTime {
        /// How often it was sent.
        attempts: u32,
    },
    /// Kinesis answered something that cannot be matched to the records sent.
    #[error("stream `{stream}` answered {answered} results for {sent} records")]
    Protocol {
        /// The stream.
        stream: Arc<str>,
        /// Records sent.
        sent: usize,
        /// Results that came back and mean something.
        answered: usize,
    },
}
