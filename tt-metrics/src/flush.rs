//! Flushing: the counts are taken out of the buffer, sent within a budget, and kept where they were not accepted.
//!
//! [`Flusher::flush`] drains the buffer into a snapshot, packs it into batches within the limits of the sink, and calls
//! the sink once for each batch. From the drain until its counts have arrived, a batch has one owner, a `PendingBatch`
//! (`pending.rs`), which contains the data and the send state. The thread that settles the send state decides about the
//! counts (`settle.rs`), so no count is lost or doubled when the flush, the watchdog and the shutdown thread meet.
//!
//! # Every answer to a `PutMetricData` request
//!
//! | answer | recognised by | send state afterwards | the counts |
//! |---|---|---|---|
//! | status 2xx | `sink/put_metric_data.rs: attempt` | sent, then settled | are done |
//! | throttled: status 429 or a throttling code | `sink/put_metric_data.rs: classify` | unsent again | are sent again until 3 requests were made or the budget is used; then as refused |
//! | no connection or no credentials: the request was never written | `sink/put_metric_data/transport.rs: TrackedBody` | unsent | are sent again as above; then as refused |
//! | refused: any other status 4xx, for example 400, 403 or 413 (too large) | `sink/put_metric_data.rs: classify` | unsent again | are written to the log as metrics, `FlushFellBackToEmf`: `settle.rs: write_to_log` |
//! | less than 50 ms left before a request | `sink/put_metric_data.rs: emit` | unsent | as refused |
//! | none that decides: a timeout, a closed connection, a status 5xx, an answer that cannot be read or is too long | `sink/put_metric_data.rs: classify` | sent | at most once: are given up, `FlushAmbiguous`, and a line of the log contains them; at least once: as refused: `settle.rs: settle_ambiguous` |
//! | none yet when a deadline or SIGTERM comes | `pending.rs: take_overdue` | unchanged | unsent: as refused; sent: as after a timeout: `settle.rs: reclaim` |
//! | none yet when the future of the flush is dropped | `settle.rs: settle_dropped` | unchanged | unsent: go back into the buffer; sent: as after a timeout |
//! | the sink panics | `flusher.rs: emit` | unchanged | unsent: as refused; sent: as after a timeout |
//!
//! Where standard output does not accept a document, its counts go back into the buffer, `FlushFailed`, and are part of
//! the next flush: `settle.rs: put_back`. Data that CloudWatch would refuse, or that fit into no request or document, are
//! never sent and are counted by `MetricsDropped`: `sink/validation.rs: drop_invalid`, `sink/packing.rs: Packing::pack`.

mod config;
mod contributors;
mod flusher;
mod health;
#[cfg(feature = "lambda")]
mod lifecycle;
mod pending;
mod settle;

pub use config::{Config, ConfigError};
#[cfg(feature = "lambda")]
pub(crate) use contributors::SentCounts;
pub use flusher::Flusher;
#[cfg(any(test, feature = "lambda"))]
pub(crate) use flusher::Urgency;
pub use health::OnEmpty;
#[cfg(all(test, feature = "lambda"))]
pub(crate) use lifecycle::RunningInvocation;
