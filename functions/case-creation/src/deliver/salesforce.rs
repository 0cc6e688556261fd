//! The Salesforce adapter: creates Cases and looks them up, with a token that is renewed and a breaker for request limits.

mod breaker;
mod call_error;
mod client;
mod error_codes;
mod reply;
mod session;
mod token;

pub(crate) use breaker::Breaker;
pub(crate) use call_error::CallError;
pub(crate) use client::{MAX_RECORDS_PER_CALL, Salesforce};
pub(crate) use error_codes::{ErrorClass, ErrorCodes};
pub(crate) use reply::{DuplicateOf, FoundCase, RecordReply, duplicate_of};
pub(crate) use session::{Session, TokenFailure};
pub(crate) use token::Tokens;
