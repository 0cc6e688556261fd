//! TT events on Kinesis to Salesforce Cases.
//!
//! One invocation, in order: [`CaseCreation`] takes a [`KinesisBatch`], `record` decodes and maps each
//! record, `deliver` creates the Cases in calls of at most 200, `settle` counts each record once at
//! its final outcome, `park` keeps what Salesforce refused.

mod attempt;
mod backoff;
mod batch;
mod classify;
mod config;
mod deliver;
mod error;
mod handler;
mod mapping;
mod park;
mod recent;
mod record;
mod reply;
mod salesforce;
mod session;
mod settle;
#[cfg(test)]
mod stand_in;
mod template;
mod token;

pub use backoff::Deadline;
pub use batch::{BatchResponse, KinesisBatch};
pub use classify::{Class, ErrorCodes};
pub use config::Config;
pub use error::{BoxError, Error};
pub use handler::{CaseCreation, Summary};
pub use mapping::Mapping;
