//! What CloudWatch stores of a document or a request.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use super::{Violation, check_timestamp, check_value, node::malformed};
use crate::metric::{Resolution, Unit};

/// What CloudWatch stores for one metric under one set of dimensions.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stored {
    /// The namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// Its unit.
    pub unit: Unit,
    /// How fine it is stored.
    pub resolution: Resolution,
    /// Its dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// The moment it is stored for.
    pub timestamp: SystemTime,
    /// Each value, and how often it was observed.
    pub observed: Vec<(f64, f64)>,
}

impl Stored {
    /// What it adds to the statistic `Sum`.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.observed
            .iter()
            .map(|(value, times)| value * times)
            .sum()
    }

    /// What it adds to the statistic `SampleCount`.
    #[must_use]
    pub fn samples(&self) -> f64 {
        self.observed.iter().map(|(_, times)| times).sum()
    }

    pub(super) fn check(&self, now: SystemTime) -> Result<(), Violation> {
        for (value, _) in &self.observed {
            check_value(*value)?;
        }
        check_timestamp(self.timestamp, now)
    }
}

pub(super) fn unit(text: &str) -> Result<Unit, Violation> {
    let mut units = Unit::ALL.iter().copied();
    units
        .find(|unit| unit.as_str() == text)
        .ok_or_else(|| malformed(format!("`{text}` is no unit")))
}

#[expect(clippy::float_cmp, reason = "the only two values are whole numbers")]
pub(super) fn resolution(seconds: f64) -> Result<Resolution, Violation> {
    let both = [Resolution::Standard, Resolution::High];
    both.into_iter()
        .find(|resolution| f64::from(resolution.seconds()) == seconds)
        .ok_or_else(|| malformed("`StorageResolution` is neither 1 nor 60"))
}

/// A moment from seconds since 1970.
pub(super) fn moment(seconds: f64) -> Result<SystemTime, Violation> {
    let since = Duration::try_from_secs_f64(seconds).map_err(|_| Violation::Timestamp)?;
    SystemTime::UNIX_EPOCH
        .checked_add(since)
        .ok_or(Violation::Timestamp)
}
