//! Business metrics for Rust on AWS Lambda, declared with one attribute.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod buffer;
mod call;
mod capture;
mod catalogue;
mod counter;
#[cfg(feature = "lambda")]
mod layer;
pub mod limits;
mod metric;
mod outcome;
mod site;
mod snapshot;
mod sync;

pub use capture::{Capture, capture};
pub use catalogue::{Declared, Meaning, catalogue};
#[cfg(feature = "lambda")]
pub use layer::run;
pub use metric::{MetricName, Unit};
pub use outcome::{Classify, Outcome};
pub use site::{Declaration, Site};
pub use tt_metrics_macros::{count, count_outcome};
