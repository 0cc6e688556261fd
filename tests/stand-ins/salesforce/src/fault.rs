//! Scripted faults: what a request meets instead of, or after, its normal handling.

use std::{borrow::Cow, collections::VecDeque};

use jiff::Timestamp;
use serde_json::json;

/// The message of the panic of [`Ending::Panic`].
pub const PANIC_MESSAGE: &str = "provoked by the Salesforce stand-in";

/// The request that a fault applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Api {
    /// `POST /services/oauth2/token`.
    Token,
    /// `POST composite/sobjects`.
    Create,
    /// `GET sobjects/Case/{field}/{value}`.
    Find,
    /// `GET sobjects/Case/describe`.
    Describe,
}

/// What one request meets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The request is handled as usual.
    None,
    /// Nothing is done; the request ends like this.
    Instead(Ending),
    /// The request is handled, then it ends like this.
    After(Ending),
    /// Records of a create call are refused; the others are handled as usual.
    RefuseRecords {
        /// `statusCode` of the refused records.
        code: Cow<'static, str>,
        /// `message` of the refused records.
        message: Cow<'static, str>,
        /// Positions of the refused records, modulo the number of records; empty means all.
        positions: Vec<usize>,
    },
    /// All sessions end before the request is handled.
    EndSessions,
    /// The request is handled after this delay, by tokio's clock.
    Delay {
        /// The delay in milliseconds.
        millis: u64,
    },
}

/// How a faulty request ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// An error in the format of the API: `errorCode`, or `error` of the token endpoint.
    Error {
        /// HTTP status.
        status: u16,
        /// The code.
        code: Cow<'static, str>,
        /// The text.
        message: Cow<'static, str>,
    },
    /// This body, which need not be JSON.
    Body {
        /// HTTP status.
        status: u16,
        /// The body.
        body: Cow<'static, str>,
    },
    /// The result list without its last entry.
    MissingResult,
    /// The head and a part of the body, then the connection is reset.
    BreakOff,
    /// The connection is reset before the first byte.
    Reset,
    /// No answer, ever.
    Hang,
    /// A panic with [`PANIC_MESSAGE`] in the process of the stand-in.
    Panic,
}

/// A fault for all data requests in a period.
#[derive(Debug, Clone)]
pub struct Outage {
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub to: Timestamp,
    /// How each request ends.
    pub ending: Ending,
}

/// Which records of a create call are refused, and with what.
#[derive(Debug, Clone)]
pub(crate) struct RefusedRecords {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
    pub(crate) positions: Vec<usize>,
}

/// The faults that have not been met yet.
#[derive(Debug, Default)]
pub(crate) struct Script {
    queues: Vec<(Api, VecDeque<Fault>)>,
}

impl Fault {
    /// An error answer; nothing is done.
    pub fn refuse(status: u16, code: impl Into<Cow<'static, str>>) -> Self {
        Self::Instead(Ending::error(status, code))
    }

    /// The work is done, then this error is answered.
    pub fn fail_after(status: u16, code: impl Into<Cow<'static, str>>) -> Self {
        Self::After(Ending::error(status, code))
    }

    /// The record at `position` is refused.
    pub fn refuse_record(position: usize, code: impl Into<Cow<'static, str>>) -> Self {
        Self::RefuseRecords {
            code: code.into(),
            message: "refused by the script".into(),
            positions: vec![position],
        }
    }
}

impl Ending {
    /// An error answer.
    pub fn error(status: u16, code: impl Into<Cow<'static, str>>) -> Self {
        Self::Error {
            status,
            code: code.into(),
            message: "refused by the script".into(),
        }
    }

    /// The body of an error answer.
    pub(crate) fn error_body(api: Api, code: &str, message: &str) -> serde_json::Value {
        match api {
            Api::Token => json!({ "error": code, "error_description": message }),
            _ => json!([{ "message": message, "errorCode": code }]),
        }
    }
}

impl RefusedRecords {
    /// Whether the record at `position` of a call of `count` records is refused.
    pub(crate) fn contains(&self, position: usize, count: usize) -> bool {
        let mut positions = self.positions.iter();
        self.positions.is_empty() || positions.any(|refused| refused % count.max(1) == position)
    }
}

impl Script {
    pub(crate) fn extend(&mut self, api: Api, faults: impl IntoIterator<Item = Fault>) {
        if let Some((_, queue)) = self.queues.iter_mut().find(|(other, _)| *other == api) {
            queue.extend(faults);
        } else {
            self.queues.push((api, faults.into_iter().collect()));
        }
    }

    /// Removes the next fault for `api`; an empty script is no fault.
    pub(crate) fn next(&mut self, api: Api) -> Fault {
        let queue = self.queues.iter_mut().find(|(other, _)| *other == api);
        queue
            .and_then(|(_, queue)| queue.pop_front())
            .unwrap_or(Fault::None)
    }
}
