//! TT events on Kinesis to Salesforce Cases.
//!
//! One invocation, in order: [`CaseCreation`] takes an [`Event`]. A batch of Kinesis goes through the
//! driver of `kinesis_consumer`, which hands chunks of Cases to `deliver`, lets `settle` count each
//! record once at its final outcome, and `park` keep what Salesforce refused. A batch that the event
//! source mapping discarded goes the same way, except that nothing is created any more: `notice`, `discarded`.

mod attempt;
mod backoff;
mod breaker;
mod call_error;
mod case;
mod classify;
mod config;
mod deliver;
mod discarded;
mod error;
mod event;
mod handler;
mod invocation;
mod mapping;
mod memory;
mod notice;
mod park;
mod pieces;
mod reply;
mod salesforce;
mod session;
mod settle;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod stand_in;
mod template;
mod token;

pub use classify::{Class, ErrorCodes};
pub use config::Config;
pub use discarded::{Discarded, InvocationRecord, Object};
pub use error::{BoxError, Error};
pub use event::Event;
pub use handler::CaseCreation;
pub use mapping::Mapping;
pub use notice::Message;
