//! Business metrics for Rust on AWS Lambda, declared with one attribute.

mod capture;
#[cfg(feature = "lambda")]
mod layer;
mod metric;
mod outcome;
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod site;

pub use capture::{Capture, capture};
#[cfg(feature = "lambda")]
pub use layer::run;
pub use metric::MetricName;
pub use outcome::{Classify, Outcome};
pub use site::{Declaration, Site};
pub use tt_metrics_macros::{count, count_outcome};
