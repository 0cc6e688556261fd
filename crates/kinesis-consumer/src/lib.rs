//! Batches of a Kinesis event source mapping, each record to its final outcome.
//!
//! A [`Consumer`] says what to do with a record; [`Driver::run`] does the rest: it decodes the
//! records, takes aggregated ones apart, hands them out in chunks, keeps a panic to the record that
//! caused it, parks what failed for good, parks what would expire otherwise, stops before the
//! deadline, and answers with the lowest position that has to be delivered again. [`simulate`] runs all
//! of that in simulated time.
//!
//! ```
//! use kinesis_consumer::{Clock, Consumer, Deadline, Driver, KinesisBatch, Outcome, Parked, Record, Refusal};
//!
//! /// Takes orders; those without a number are refused.
//! struct Orders;
//!
//! impl Consumer for Orders {
//!     type Item = String;
//!     type Reason = &'static str;
//!
//!     fn parse(&self, data: &[u8]) -> Result<String, &'static str> {
//!         let order = String::from_utf8(data.to_vec()).map_err(|_| "not a text")?;
//!         if order.is_empty() { Err("no number") } else { Ok(order) }
//!     }
//!
//!     async fn deliver(&self, chunk: &[&String], _: Deadline) -> Vec<Outcome<&'static str>> {
//!         // Here would be the call of a service.
//!         chunk.iter().map(|_| Outcome::Success).collect()
//!     }
//!
//!     async fn park(
//!         &self,
//!         record: &Record<'_>,
//!         _: Option<&String>,
//!         _: &Refusal<&'static str>,
//!         _: Deadline,
//!     ) -> Result<Parked, String> {
//!         // Here the record would be written to a bucket, under a name of its own.
//!         record.position.sequence_number.as_ref().map(|_| Parked::Now).ok_or_else(|| "no name".into())
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let event = r#"{"Records": [
//!     {"kinesis": {"sequenceNumber": "1", "data": "by03"}},
//!     {"kinesis": {"sequenceNumber": "2", "data": ""}}]}"#;
//! let batch: KinesisBatch = serde_json::from_str(event).unwrap();
//! let driver = Driver::new(Clock::system());
//! let in_a_minute = Deadline::after(std::time::Duration::from_secs(60), Clock::system());
//! let summary = driver.run(&Orders, &batch, in_a_minute).await.unwrap();
//! assert_eq!((summary.succeeded, summary.failed), (1, 1));
//! assert_eq!(serde_json::to_string(&summary.response).unwrap(), r#"{"batchItemFailures":[]}"#);
//! # });
//! ```

mod batch;
mod chunk;
mod clock;
mod consumer;
mod deadline;
mod driver;
mod outcome;
mod progress;
mod record;
mod records;
mod regular;
mod response;
mod simulated;

pub use batch::{KinesisBatch, NotKinesis};
pub use clock::{Clock, TimedOut};
pub use consumer::Consumer;
pub use deadline::Deadline;
pub use driver::Driver;
pub use outcome::{Fate, Outcome, Parked, Refusal, Settled};
pub use progress::Summary;
pub use record::{Position, Record, Unreadable};
pub use response::BatchResponse;
pub use simulated::simulate;
