//! A simulated Kinesis event source mapping of Lambda.
//!
//! It implements the [semantics](https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html) that lose or
//! duplicate records when a function ignores them, and that local stacks do not implement:
//!
//! - a partial batch response is a checkpoint at the lowest sequence number: everything from there on
//!   is delivered again, including the records that were processed; an empty or unknown identifier fails the batch;
//! - a failed invocation is bisected, which uses up no attempt, or delivered again, which does;
//! - with a parallelization factor several batches of a shard are processed concurrently;
//! - records that are too old or have no attempts left are discarded: they are sent to the destination on failure and not
//!   to the function;
//! - the event does not contain the number of its deliveries.
//!
//! Time is that of a [`retry::Clock`], so with `simulated_time::simulate` hours take no time.
//!
//! ```
//! use kinesis_mapping::{Mapping, Shard};
//!
//! let start = "2026-01-01T00:00:00Z".parse().unwrap();
//! let mut shard = Shard::new(0);
//! shard.put(start, "customer-1", b"one");
//! let invocations = simulated_time::simulate(start, async |clock| {
//!     let count = std::cell::Cell::new(0);
//!     let function = async |_event| {
//!         count.set(count.get() + 1);
//!         Err("out of order".to_owned())
//!     };
//!     let mapping = Mapping { retry_attempts: Some(2), ..Mapping::default() };
//!     mapping.run(clock, &shard, function, async |discarded| {
//!         assert_eq!(discarded["requestContext"]["condition"], "RetryAttemptsExhausted");
//!     }).await;
//!     count.get()
//! });
//! assert_eq!(invocations, 3);
//! ```

mod answer;
mod mapping;
mod shard;

pub use mapping::{Mapping, Owed};
pub use shard::Shard;
