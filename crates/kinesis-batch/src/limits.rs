//! How much goes into one request, and how long it is tried.

use std::time::Duration;

use crate::{Backoff, Order};

/// Sizes and patience of [`Stream::put`](crate::Stream::put).
#[derive(Debug, Clone)]
pub struct Limits {
    /// Records in one request; Kinesis takes 500.
    pub request_records: usize,
    /// Bytes of data and keys in one request; Kinesis takes 10 MiB, a smaller request retries cheaper.
    pub request_bytes: usize,
    /// Bytes of data and key of one record; a stream takes 1 MiB unless its maximum was raised.
    pub record_bytes: usize,
    /// How often a record is sent at most.
    pub attempts: u32,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// The pause between attempts.
    pub backoff: Backoff,
    /// What is kept of the order of records.
    pub order: Order,
    /// Whether many records share a Kinesis record, in the format of the Kinesis Producer Library.
    /// Its consumers must take them apart, for example with [`deaggregate`](crate::deaggregate).
    pub aggregate: bool,
}

/// Records worth collecting for one [`Stream::put`](crate::Stream::put) that aggregates them.
const AGGREGATED_RECORDS: usize = 10_000;

impl Limits {
    /// How many records are worth collecting for one [`Stream::put`](crate::Stream::put).
    pub fn put_records(&self) -> usize {
        if self.aggregate {
            AGGREGATED_RECORDS
        } else {
            self.request_records
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_records: 500,
            request_bytes: 4 * 1024 * 1024,
            record_bytes: 1024 * 1024,
            attempts: 8,
            request_timeout: Duration::from_secs(10),
            backoff: Backoff::default(),
            order: Order::Any,
            aggregate: false,
        }
    }
}
