//! The types of a metric: name, unit, resolution, namespace, dimensions and outcome, one datum, and CloudWatch's limits.

pub(crate) mod datum;
pub(crate) mod dimension;
pub(crate) mod dimensions;
pub(crate) mod limits;
pub(crate) mod name;
pub(crate) mod namespace;
pub(crate) mod outcome;
pub(crate) mod resolution;
pub(crate) mod unit;

pub use datum::{Datum, Value};
pub use dimension::Dimension;
pub use dimensions::{DimensionSets, Dimensions};
pub(crate) use name::Metric;
pub use name::MetricName;
pub use namespace::Namespace;
pub use outcome::{Classify, Outcome};
pub use resolution::Resolution;
pub use unit::Unit;
