//! [counting]: guide::counting
//! [delivery]: guide::delivery
//! [environment]: guide::environment
//! [limits]: guide::limits
//! [testing]: guide::testing
#![cfg_attr(feature = "lambda", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "lambda"),
    doc = "Business metrics for Rust on AWS Lambda, declared with one attribute. See README.md."
)]

// In the order of the work; each folder imports only the folders above it. A flush calls a sink, so `sink` comes before
// `flush`.
mod metric;

mod declare;

mod count;

pub mod sink;

mod flush;

#[cfg(feature = "lambda")]
mod lambda;

mod testing;

#[doc(hidden)]
pub mod __private;

#[cfg(doc)]
pub mod guide;

pub use declare::catalogue::{self, catalogue};
pub use flush::{Config, ConfigError, Flusher, OnEmpty};
#[cfg(feature = "lambda")]
pub use lambda::{MetricsLayer, MetricsService, run, run_concurrent};
pub use metric::{Classify, Dimension, MetricName, Outcome, Resolution, Unit};
pub use sink::{SinkKind, property::property};
pub use testing::{Capture, CaptureGuard, capture};
pub use tt_metrics_macros::{Classify, Dimension, count, count_outcome, outcome};
