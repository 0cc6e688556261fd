//! What CloudWatch stores of a document or a request.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use crate::limits::{Refusal, check_timestamp, check_value, refuse};

/// What CloudWatch stores for one metric under one set of dimensions.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stored {
    /// The namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// Its unit, as CloudWatch spells it.
    pub unit: String,
    /// The storage resolution in seconds: 1 or 60.
    pub resolution: u8,
    /// Its dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// The time of the observations.
    pub timestamp: SystemTime,
    /// Each value, and the number of its observations.
    pub observed: Vec<(f64, f64)>,
}

impl Stored {
    /// The amount that it adds to the statistic `Sum`.
    #[must_use]
    pub fn sum(&self) -> f64 {
        let products = self.observed.iter().map(|(value, times)| value * times);
        products.sum()
    }

    /// The amount that it adds to the statistic `SampleCount`.
    #[must_use]
    pub fn samples(&self) -> f64 {
        self.observed.iter().map(|(_, times)| times).sum()
    }

    pub(crate) fn check(&self, now: SystemTime) -> Result<(), Refusal> {
        for (value, _) in &self.observed {
            check_value(*value)?;
        }
        check_timestamp(self.timestamp, now)
    }
}

#[expect(clippy::float_cmp, reason = "the only two values are whole numbers")]
pub(crate) fn resolution(seconds: f64) -> Result<u8, Refusal> {
    let allowed = [1, 60].into_iter();
    let mut found = allowed.filter(|allowed| f64::from(*allowed) == seconds);
    found
        .next()
        .map_or_else(|| refuse("`StorageResolution` is neither 1 nor 60"), Ok)
}

/// The time that is this number of seconds after the beginning of 1970.
pub(crate) fn time(seconds: f64) -> Result<SystemTime, Refusal> {
    let since = Duration::try_from_secs_f64(seconds).ok();
    since
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since))
        .map_or_else(|| refuse("a timestamp is not within the range of time"), Ok)
}
