//! The storage resolution of a CloudWatch metric.

/// The storage resolution of a metric.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Resolution {
    /// One value per minute.
    #[default]
    Standard,
    /// One value per second. Alarms on such a metric cost more.
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
