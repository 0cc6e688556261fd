//! TT events on Kinesis to Salesforce Cases.
//!
//! [`CaseCreation::handle`] takes the records of one invocation through the stages of a pipeline, each a module that
//! imports only the ones before it:
//!
//! | stage | module | result |
//! |---|---|---|
//! | decode | `decode` | the TT event of each Kinesis record |
//! | deduplicate | `deduplicate` | copies, and records that an earlier delivery parked |
//! | map | `map` | the Case of each event |
//! | deliver | `deliver` | how each record ended: created, replayed, rejected, or to be delivered again |
//! | ledger | `ledger` | counts each record once at its final outcome, and parks the rejected ones |
//! | acknowledge | `acknowledge` | the answer to the event source mapping |
//!
//! Batches that the event source mapping discarded pass the same stages, except that their Cases are only looked up.

mod error;

mod ending;
mod s3;

mod decode;
mod expiry;

mod deduplicate;
mod map;

mod deliver;

mod ledger;

mod acknowledge;

mod config;
mod handler;

pub use acknowledge::{BatchResponse, Summary};
pub use config::Config;
pub use decode::{Event, KinesisBatch};
pub use error::{BoxError, Error};
pub use handler::CaseCreation;
pub use map::Mapping;
#[doc(hidden)]
pub use {deliver::CLOCK_SKEW, handler::Adapters};
