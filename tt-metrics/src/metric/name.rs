//! The name, the unit and the resolution of a CloudWatch metric, checked at compile time.

use std::fmt;

use crate::metric::limits;

/// A valid CloudWatch metric name: 1 to 255 printable ASCII characters, no leading `:`.
///
/// The limits are those of [`MetricDatum`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricName(&'static str);

impl MetricName {
    /// Checks a name; in a `const` a bad name is a compile error.
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
    /// When the name breaks the rules above.
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

    /// A name that an attribute has checked, which spares the compiler to do so again.
    pub(crate) const fn of_attribute(name: &'static str) -> Self {
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

/// A metric as an attribute declares it; what differs in unit or resolution is not one datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Metric {
    pub(crate) name: MetricName,
    pub(crate) unit: Unit,
    pub(crate) resolution: Resolution,
}

macro_rules! units {
    ($($unit:ident = $text:literal,)*) => {
        /// The unit of a metric: those of
        /// [`MetricDatum`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Unit {
            $(#[doc = concat!("`", $text, "`")] $unit,)*
        }

        impl Unit {
            /// Every unit.
            pub const ALL: &[Self] = &[$(Self::$unit),*];

            /// The unit as CloudWatch spells it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$unit => $text,)*
                }
            }
        }
    };
}

units! {
    Seconds = "Seconds",
    Microseconds = "Microseconds",
    Milliseconds = "Milliseconds",
    Bytes = "Bytes",
    Kilobytes = "Kilobytes",
    Megabytes = "Megabytes",
    Gigabytes = "Gigabytes",
    Terabytes = "Terabytes",
    Bits = "Bits",
    Kilobits = "Kilobits",
    Megabits = "Megabits",
    Gigabits = "Gigabits",
    Terabits = "Terabits",
    Percent = "Percent",
    Count = "Count",
    BytesPerSecond = "Bytes/Second",
    KilobytesPerSecond = "Kilobytes/Second",
    MegabytesPerSecond = "Megabytes/Second",
    GigabytesPerSecond = "Gigabytes/Second",
    TerabytesPerSecond = "Terabytes/Second",
    BitsPerSecond = "Bits/Second",
    KilobitsPerSecond = "Kilobits/Second",
    MegabitsPerSecond = "Megabits/Second",
    GigabitsPerSecond = "Gigabits/Second",
    TerabitsPerSecond = "Terabits/Second",
    CountPerSecond = "Count/Second",
    None = "None",
}

/// How fine CloudWatch stores a metric.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Resolution {
    /// One value a minute.
    #[default]
    Standard,
    /// One value a second; alarms on it, and metrics kept longer, cost more.
    High,
}

impl Resolution {
    /// `StorageResolution`, in seconds.
    #[must_use]
    pub const fn seconds(self) -> u8 {
        match self {
            Self::Standard => 60,
            Self::High => 1,
        }
    }

    pub(crate) const fn from_seconds(seconds: u8) -> Option<Self> {
        match seconds {
            60 => Some(Self::Standard),
            1 => Some(Self::High),
            _ => None,
        }
    }
}
