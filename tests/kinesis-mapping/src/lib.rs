//! A Kinesis event source mapping of Lambda, simulated.
//!
//! It has the [semantics](https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html) that
//! lose or double records where a function does not mind them, and that local stacks leave out:
//!
//! - a partial batch response is a checkpoint at the lowest sequence number: everything from there on
//!   comes again, what was done included; an identifier that is empty or unknown fails the batch;
//! - a failed invocation is bisected, which uses up no attempt, or delivered again, which does;
//! - with a parallelization factor several batches of a shard are on their way at once;
//! - records too old, or out of attempts, are discarded: the destination on failure gets them, the
//!   function does not;
//! - nothing in the event says how often it was delivered.
//!
//! Time is that of a [`kinesis_consumer::Clock`], so with [`kinesis_consumer::simulate`] hours take no time.
//!
//! ```
//! use kinesis_mapping::{Mapping, Shard};
//!
//! let start = "2026-01-01T00:00:00Z".parse().unwrap();
//! let mut shard = Shard::new(0);
//! shard.put(start, "customer-1", b"one");
//! let invocations = kinesis_consumer::simulate(start, async |clock| {
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
