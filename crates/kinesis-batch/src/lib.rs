//! `PutRecords` in batches: one result for each record, and retries of the rejected records only.
//!
//! ```no_run
//! use kinesis_batch::{Entry, Stream};
//!
//! # async fn example(client: aws_sdk_kinesis::Client) {
//! let stream = Stream::new(&client, "tt-events");
//! let entries = [Entry::new("customer-1", "{}"), Entry::new("customer-2", "{}")];
//! for (entry, result) in entries.iter().zip(stream.put(&entries, None).await) {
//!     match result {
//!         Ok(receipt) => println!("{} is record {}", entry.partition_key, receipt.sequence_number()),
//!         Err(error) => println!("{}: {error}", entry.partition_key),
//!     }
//! }
//! # }
//! ```
//!
//! A record passes through these modules: `request::body` encodes it when it is pushed to a [`Batch`], `aggregation` packs
//! several into one Kinesis record if configured, `request::split` assigns records to requests, `request::send` sends a
//! request, `request::response` reads the results, and `stream` retries rejected records until the deadline.
//!
//! All clones of a [`Stream`] share one request rate, which a throttle lowers and which recovers within seconds.
//!
//! A request that timed out may have been accepted, and is sent again. Kinesis does not remove duplicates, so consumers
//! must recognise repeated records by an id in their content.

mod limits;

mod error;

mod entry;

mod aggregation;

mod request;

mod stream;

pub use aggregation::{
    AGGREGATE_MAGIC, Aggregate, BrokenAggregate, MAX_USER_RECORDS, UserRecord, deaggregate,
};
pub use entry::{Entry, Receipt};
pub use error::PutError;
pub use limits::{Limits, Order};
pub use request::Batch;
pub use retry::{Backoff, RetryPolicy};
pub use stream::Stream;
