//! TT Producer: an uploaded file of N records becomes N TT events on Kinesis.
//!
//! The modules are listed in the order in which a record passes through them.

mod config;
mod deadline;

pub mod upload;

pub mod notification;

mod object;

pub mod split;

pub mod parse;

mod encode;
mod send;

mod ledger;

mod queue;
mod replay;

mod file;
mod handler;

mod error;

pub use config::{Config, ConfigError};
pub use error::Error;
pub use handler::{Producer, Summary};
pub use object::S3Error;
