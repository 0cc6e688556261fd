//! Kinesis for tests: `PutRecords` with scripted responses, and a server with the write limits of AWS.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a stand-in panics on unexpected requests and failures of the test environment"
)]

mod limited;
mod scripted;

pub use limited::LimitedKinesis;
pub use scripted::{Answer, Kinesis, client};
