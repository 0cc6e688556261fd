//! When a record is too old to be delivered once more.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::decode::Record;

/// The largest time before the maximum age at which a record is expiring.
const MAX_MARGIN: Duration = Duration::from_mins(30);

/// The age from which a record is parked instead of delivered again, so that no record expires uncounted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expiry {
    /// `None` when the event source mapping has no maximum age.
    age: Option<SignedDuration>,
}

impl Expiry {
    /// Takes the `MaximumRecordAgeInSeconds` of the event source mapping.
    ///
    /// Records are expiring an eighth of it earlier, at most half an hour. That is time for one more delivery, because
    /// the age is only checked during a delivery.
    pub(crate) fn of(max_record_age: Option<Duration>) -> Self {
        let age = |max: Duration| {
            let margin = (max / 8).min(MAX_MARGIN);
            max.saturating_sub(margin).try_into().ok()
        };
        Self {
            age: max_record_age.and_then(age),
        }
    }

    /// Whether the event source mapping has a maximum age.
    pub(crate) fn is_bounded(self) -> bool {
        self.age.is_some()
    }

    /// Whether a record is about to be discarded. A record of unknown arrival time never is.
    pub(crate) fn is_expiring(self, record: &Record<'_>, now: Timestamp) -> bool {
        let age = record.arrived_at.map(|arrived| now.duration_since(arrived));
        age.zip(self.age).is_some_and(|(age, max)| age > max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_expiring(max_age: Duration, age: i64) -> bool {
        let mut record = Record::of(None, b"");
        record.arrived_at = Some(Timestamp::UNIX_EPOCH);
        let now = Timestamp::from_second(age).unwrap();
        Expiry::of(Some(max_age)).is_expiring(&record, now)
    }

    #[test]
    fn records_expire_an_eighth_of_the_age_before_its_end_and_at_most_half_an_hour() {
        let hour = Duration::from_hours(1);
        assert!(!is_expiring(hour, 3150) && is_expiring(hour, 3151));
        let minute = Duration::from_mins(1);
        assert!(!is_expiring(minute, 52) && is_expiring(minute, 53));
        let (day, age) = (Duration::from_hours(24), 24 * 3600 - 30 * 60);
        assert!(!is_expiring(day, age) && is_expiring(day, age + 1));
    }

    #[test]
    fn a_record_of_unknown_age_or_without_a_maximum_age_never_expires() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let mut record = Record::of(None, b"");
        assert!(!Expiry::of(Some(Duration::from_mins(1))).is_expiring(&record, now));
        record.arrived_at = Some(Timestamp::UNIX_EPOCH);
        assert!(!Expiry::of(None).is_expiring(&record, now));
    }
}
