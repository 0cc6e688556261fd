//! The hot path: a counted call, from its beginning to the cell that its outcome is added to.
//!
//! Which guard ends each form of call, as `file: item`. Every guard is dropped or completed on every path, so each call that
//! began ends as exactly one outcome (for `items`, each of its items).
//!
//! | form of call | returns | panics | dropped while suspended |
//! |---|---|---|---|
//! | sync | `call.rs: call` | `panic.rs: PanicGuard` with `FailedCall` | |
//! | async, also a block (`outcome!`) | `track.rs: Track::poll` | `FailedPoll` in a poll, `FailedCall` in the classifier | `track.rs: AfterDrop` |
//! | returned future, `Box<dyn Future>` | `layer.rs: OutcomeLayer::track`, which is the row above | as above | as above |
//! | `by`: the classifier of any row | runs within the guard of that row | as that row | |
//! | `items`, `each`, sync | `items.rs: call_each` | `FailedItems`: all items, or 1 without `items` | |
//! | `items`, with or without `each`, async | `items.rs: TrackEach::poll` | `FailedItems`: all items | `items.rs: Open` |
//! | `each` without `items`, async | `track.rs: Track::poll` | `FailedPoll` or `FailedCall`: 1 | `track.rs: AfterDrop` |
//! | `dimensions`, `failure_by`, `latency`, `in_flight`, sync | `breakdown_call.rs: Series::call` | `FailedBreakdown` | |
//! | the same, async | `breakdown_call.rs: TrackBreakdown::poll` | `FailedBreakdown` | `breakdown_call.rs: OpenCall` |
//! | `#[count]` | counted at the beginning: `record.rs: calls` | counts nothing more | |
//! | `#[count(items = \|value\| ..)]` | counted at the end: `items.rs: call_each`, `track.rs: Track::poll` | counts nothing | |
//! | `#[count]` with `latency` or `in_flight` | `breakdown_call.rs: OpenCall` records the end | the same | the same |
//!
//! A method of a counted `impl` block is counted as a function: `impl_block` in `expand.rs` of the macros puts the attribute
//! on each method.
//!
//! | the process ends | a call that runs or is suspended |
//! |---|---|
//! | a panic that aborts (`panic = "abort"`) | on the thread that panics: `panic.rs: count_failures_of_running_calls`, the same failure as above, if `run` or `MetricsLayer::flush_at_shutdown` has set the hook; on other threads: next row |
//! | SIGTERM, the deadline, the end of the event loop | interrupted, if the attribute names a metric for that: `open_calls.rs: OpenCalls::settle` |
//!
//! A call is added to the cells of its site by `record.rs`, which calls `counter.rs`, the one store to a shard of `buffer.rs`.

pub(crate) mod breakdown;
pub(crate) mod breakdown_call;
pub(crate) mod buffer;
#[cfg(test)]
#[cfg(tt_metrics_model)]
mod buffer_model;
#[cfg(test)]
mod buffer_tests;
pub(crate) mod call;
pub(crate) mod counter;
pub(crate) mod form;
pub(crate) mod gauge;
pub(crate) mod items;
pub(crate) mod latency;
pub(crate) mod layer;
pub(crate) mod marks;
pub(crate) mod open_calls;
pub(crate) mod panic;
pub(crate) mod record;
pub(crate) mod snapshot;
pub(crate) mod sync;
pub(crate) mod track;
