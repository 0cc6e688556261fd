//! `PutRecords` in batches: one result for each record, and retries of what was refused only.
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
//! What the stream throttles goes out again at a pace that it takes: all clones of a [`Stream`] share
//! one, which a throttle lowers and which is soon back once nothing is throttled any more.
//!
//! A request that timed out may have been accepted all the same, and is sent again: consumers see
//! such records twice and must recognise them by an id of their own. Kinesis removes no duplicates.

mod aggregate;
mod answer;
mod backoff;
mod batch;
mod chunk;
mod entry;
mod error;
mod limits;
mod order;
mod pace;
mod parcel;
mod protobuf;
mod request;
mod stream;

pub use aggregate::{AGGREGATE_MAGIC, Aggregate, BrokenAggregate, UserRecord, deaggregate};
pub use backoff::Backoff;
pub use batch::Batch;
pub use entry::{Entry, Receipt};
pub use error::PutError;
pub use limits::Limits;
pub use order::Order;
pub use stream::Stream;
