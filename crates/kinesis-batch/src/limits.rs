//! The size of requests, the order of records and the retry policy.

use std::time::Duration;

use retry::{Backoff, RetryPolicy};

/// The number of records to collect for one put that aggregates them.
const AGGREGATED_RECORDS: usize = 10_000;

/// Limits and options of [`Stream::put`](crate::Stream::put).
#[derive(Debug, Clone)]
pub struct Limits {
    /// Records in one request; Kinesis accepts 500.
    pub request_records: usize,
    /// Bytes of data and keys in one request. Kinesis accepts 10 MiB; a smaller request costs less to retry.
    pub request_bytes: usize,
    /// Bytes of data and key of one record. A stream accepts 1 MiB unless its maximum was raised.
    pub record_bytes: usize,
    /// When rejected records and failed requests are sent again.
    pub retry: RetryPolicy,
    /// The time limit of one request.
    pub request_timeout: Duration,
    /// The guaranteed order of records.
    pub order: Order,
    /// Whether several records share a Kinesis record, in the format of the Kinesis Producer Library. Consumers must
    /// unpack it, for example with [`deaggregate`](crate::deaggregate).
    pub aggregate: bool,
}

/// The guaranteed order of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// No order: a retried record may follow later records of its key.
    #[default]
    Any,
    /// Records of one key reach the stream in the order of the entries. A record waits until the earlier ones of its key
    /// are accepted or have failed.
    ///
    /// `PutRecords` does not keep the order within a request, so each request contains at most one record of a key. Many
    /// records of few keys take many requests, unless they are aggregated. The stream must select shards by partition
    /// key, which is the default.
    PerKey,
}

impl Limits {
    /// Returns the number of records to collect for one [`Stream::put`](crate::Stream::put).
    pub fn put_records(&self) -> usize {
        if self.aggregate {
            AGGREGATED_RECORDS
        } else {
            self.request_records
        }
    }
}

impl Default for Limits {
    /// Retries until the deadline, without a maximum number of attempts.
    fn default() -> Self {
        Self {
            request_records: 500,
            request_bytes: 4 * 1024 * 1024,
            record_bytes: 1024 * 1024,
            retry: RetryPolicy {
                max_attempts: None,
                backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(5)),
            },
            request_timeout: Duration::from_secs(10),
            order: Order::Any,
            aggregate: false,
        }
    }
}
