//! A batch: the data that one document or one request carries.

use std::time::SystemTime;

use super::{Properties, send_state::SharedSendState};
use crate::metric::{Datum, DimensionSets};

/// The data that one document or one request carries, all with one timestamp.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Batch<'a> {
    /// The CloudWatch namespace.
    pub namespace: &'a str,
    /// The sets of dimensions under which every datum is sent; [`DimensionSets::with`] adds those of the datum.
    pub dimensions: &'a DimensionSets,
    /// The time at which the counts were taken.
    pub timestamp: SystemTime,
    /// The data, zeros included, within the limits of [`Sink::packing`](super::Sink::packing).
    pub data: &'a [Datum],
    /// The invocation that made the counts, if all of them are from one.
    pub invocation: Option<&'a Invocation>,
    /// The properties of that invocation.
    pub properties: &'a Properties,
    pub(crate) state: &'a SharedSendState,
}

impl Batch<'_> {
    /// Records that the batch is about to be sent. A sink that does not send the batch in one step calls this directly
    /// before it writes the first byte, and implements [`Sink::marks_sent`](super::Sink::marks_sent).
    ///
    /// Returns `false` when the batch must not be sent, because another thread has written its counts to the log.
    #[must_use]
    pub fn mark_sent(&self) -> bool {
        self.state.mark_sent()
    }

    /// Records that the batch certainly was not accepted after [`mark_sent`](Self::mark_sent).
    pub fn mark_unsent(&self) {
        self.state.mark_unsent();
    }
}

/// The invocation that a flush belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invocation {
    /// The request id that Lambda assigned to it.
    pub request_id: String,
    /// Whether it was the first one of this process.
    pub cold_start: bool,
}
