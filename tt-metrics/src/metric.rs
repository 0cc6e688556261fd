//! What a metric is: its name, unit, resolution, namespace and dimensions, one datum of it, and CloudWatch's limits.

pub(crate) mod datum;
pub(crate) mod dimension;
pub(crate) mod dimensions;
pub mod limits;
pub(crate) mod name;
pub(crate) mod namespace;
pub(crate) mod outcome;

pub use datum::{Datum, Value};
pub use dimension::Dimension;
pub use dimensions::{DimensionSets, Dimensions};
pub(crate) use name::Metric;
pub use name::{MetricName, Resolution, Unit};
pub use namespace::Namespace;
pub use outcome::{Classify, Outcome};
