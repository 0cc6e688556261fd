//! A Salesforce stand-in for the demo and the tests: OAuth tokens, Case creation, look-ups and scripted faults.
//!
//! [`Org`] holds the state and answers requests in the process, by the clock that it is given. [`StandIn`] serves an
//! org on a loopback port. Both implement the four requests that the functions send, and enforce the same rules as
//! an org: known fields, field lengths, the unique external id, 200 records in a call, sessions that expire, and the
//! daily request limit.
//!
//! ```
//! use salesforce_stand_in::{Api, Fault, Org};
//!
//! let org = Org::new("http://salesforce.invalid", jiff::Timestamp::now);
//! org.accept_token("token-1");
//! org.script(Api::Create, [Fault::refuse(503, "SERVER_UNAVAILABLE"), Fault::None]);
//! ```

mod fault;
mod field;
mod record_id;
mod reply;

mod rules;
mod session;
mod store;

mod create;
mod describe;
mod find;
mod login;

mod org;
mod server;

pub use self::{
    create::CreateCall,
    fault::{Api, Ending, Fault, Outage, PANIC_MESSAGE},
    org::{Counts, Org},
    rules::Rules,
    server::{StandIn, is_local_request},
    store::Case,
};

/// The client credentials that the token endpoint accepts.
pub const CLIENT_ID: &str = "tt-local-client";
/// The client secret that the token endpoint accepts.
pub const CLIENT_SECRET: &str = "tt-local-secret";
/// The external id field of Case.
pub const EXTERNAL_ID: &str = "TT_Event_Id__c";

#[cfg(test)]
mod tests;
