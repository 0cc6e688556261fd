//! Business metrics for Rust on AWS Lambda, declared with one attribute.

// In the order that a count travels.
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod buffer;
mod call;
mod capture;
mod catalogue;
mod config;
mod counter;
mod flush;
mod health;
#[cfg(feature = "lambda")]
mod layer;
pub mod limits;
mod metric;
mod outcome;
#[cfg(feature = "lambda")]
mod run;
#[cfg(feature = "lambda")]
mod shutdown;
pub mod sink;
mod site;
mod snapshot;
mod sync;
#[cfg(feature = "lambda")]
mod watchdog;

pub use capture::{Capture, capture};
pub use catalogue::{Declared, Meaning, catalogue};
pub use config::{Config, ConfigError, SinkKind};
pub use flush::Flusher;
#[cfg(feature = "lambda")]
pub use layer::{FlushAfter, MetricsLayer, MetricsService};
pub use metric::{MetricName, Unit};
pub use outcome::{Classify, Outcome};
#[cfg(feature = "lambda")]
pub use run::run;
pub use site::{Declaration, Site};
pub use tt_metrics_macros::{count, count_outcome};
