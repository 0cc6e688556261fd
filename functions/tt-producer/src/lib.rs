//! TT Producer: an uploaded file of N records becomes N TT events on Kinesis.
//!
//! The modules stand in the order in which a record travels through them.

mod account;
mod config;
mod content;
mod deadline;
mod error;
mod failure;
mod file;
mod format;
mod found;
#[doc(hidden)]
pub mod fuzz;
mod gunzip;
mod handler;
mod notification;
mod object;
mod park;
mod parked;
mod publish;
mod queue;
mod record;
mod row;
mod s3;
mod split;
mod undelivered;
mod upload;

pub use config::{Config, ConfigError};
pub use error::Error;
pub use handler::{Producer, Summary};
