//! The name of a CloudWatch metric, checked at compile time, and the metric as it is declared.

use std::fmt;

use super::{Resolution, Unit, limits};

/// A valid CloudWatch metric name: 1 to 255 printable ASCII characters, no leading `:`.
///
/// The limits are those of [`MetricDatum`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricName(&'static str);

impl MetricName {
    /// Checks a name. In a `const`, an invalid name is a compile error.
    ///
    /// ```
    /// const PUBLISHED: tt_metrics::MetricName = tt_metrics::MetricName::new("OrderShipped");
    /// assert_eq!(PUBLISHED.as_str(), "OrderShipped");
    /// ```
    ///
    /// ```compile_fail
    /// const BAD: tt_metrics::MetricName = tt_metrics::MetricName::new(":leading colon");
    /// ```
    ///
    /// # Panics
    ///
    /// When the name is not valid.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "a metric name has at least 1 character");
        assert!(
            name.len() <= limits::MAX_METRIC_NAME_LENGTH,
            "a metric name has at most 255 characters"
        );
        assert!(
            limits::is_plain_ascii(name.as_bytes()),
            "a metric name holds printable ASCII characters only"
        );
        assert!(
            !limits::starts_with_colon(name.as_bytes()),
            "a metric name does not start with `:`"
        );
        assert!(
            limits::has_visible_character(name.as_bytes()),
            "a metric name has at least one character that is not a space"
        );
        Self(name)
    }

    /// Takes a name that the attribute has already checked, which saves the compiler a second check.
    pub(crate) const fn new_unchecked(name: &'static str) -> Self {
        Self(name)
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl From<MetricName> for &'static str {
    fn from(name: MetricName) -> Self {
        name.0
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// A metric as an attribute declares it. Counts are added up only where unit and resolution are equal too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Metric {
    pub(crate) name: MetricName,
    pub(crate) unit: Unit,
    pub(crate) resolution: Resolution,
}
