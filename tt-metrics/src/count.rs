//! The hot path: a counted call, from its beginning to the cell that its outcome is added to.

pub(crate) mod aborting;
pub(crate) mod buffer;
#[cfg(test)]
#[cfg(tt_metrics_model)]
mod buffer_model;
#[cfg(test)]
mod buffer_tests;
pub(crate) mod call;
pub(crate) mod counter;
pub(crate) mod detail;
pub(crate) mod detailed_call;
pub(crate) mod each;
pub(crate) mod form;
pub(crate) mod gauge;
pub(crate) mod items;
pub(crate) mod latency;
pub(crate) mod layer;
pub(crate) mod open_calls;
pub(crate) mod series;
pub(crate) mod snapshot;
pub(crate) mod sync;
pub(crate) mod track;
