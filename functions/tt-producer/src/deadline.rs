//! The points in time at which an invocation stops one kind of work, so that the rest of the time suffices for the others.

use std::time::{Duration, SystemTime};

use retry::{Clock, Deadline, Margin};

/// The time that is kept for parking and for handing on.
const PARKING: Margin = Margin {
    divisor: 10,
    min: Duration::from_secs(1),
    max: Duration::from_secs(10),
};
/// The time that is kept in front of it for publishing what was read.
const MIN_PUBLISHING: Duration = Duration::from_millis(100);
const MAX_PUBLISHING: Duration = Duration::from_secs(20);
/// The time that is kept for the response and the metrics.
const RESPONSE: Margin = Margin::fixed(Duration::from_millis(200));

/// The number of batches that may go out one after the other after the last look at the clock: one that a lane waits for,
/// the one behind it, the one that is being filled, and one more for safety.
const LAST_BATCHES: u32 = 4;

/// The phases of an invocation; none of them ends when its deadline is unknown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phases {
    /// Until here records are read.
    pub(crate) reading: Deadline,
    /// Until here events are published.
    pub(crate) publishing: Deadline,
    /// Until here records are parked and uploads are handed on.
    pub(crate) parking: Deadline,
}

impl Phases {
    /// The phases of an invocation that begins now and ends at `deadline`.
    pub(crate) fn new(deadline: Option<SystemTime>) -> Self {
        let clock = Clock::system();
        Self::of(deadline.map_or(Deadline::unknown(clock), |end| Deadline::at(end, clock)))
    }

    fn of(deadline: Deadline) -> Self {
        let limit = deadline.limit().unwrap_or_default();
        let publishing = (limit / 20).clamp(MIN_PUBLISHING, MAX_PUBLISHING);
        let before_parking = deadline.minus(PARKING);
        Self {
            reading: before_parking.minus(Margin::fixed(publishing)),
            publishing: before_parking,
            parking: deadline.minus(RESPONSE),
        }
    }

    /// Whether it is time to read no more, when a batch takes up to `batch` on its way.
    ///
    /// A slow stream needs more time for what was read. At least half of the time is used for reading, so that each
    /// invocation makes progress.
    pub(crate) fn reading_is_over(&self, batch: Duration) -> bool {
        let (Some(reading), Some(left)) = (self.reading.limit(), self.reading.remaining()) else {
            return false;
        };
        let (Some(publishing), Some(limit)) =
            (self.publishing.remaining(), self.publishing.limit())
        else {
            return false;
        };
        let elapsed = limit.saturating_sub(publishing);
        let needed = batch.saturating_mul(LAST_BATCHES);
        left.is_zero() || (publishing <= needed && elapsed >= reading / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases(limit: Duration) -> Phases {
        Phases::of(Deadline::after(limit, Clock::system()))
    }

    #[test]
    fn reading_ends_before_publishing_and_publishing_before_parking() {
        let limits = |seconds| {
            let phases = phases(Duration::from_secs(seconds));
            let Phases {
                reading,
                publishing,
                parking,
            } = phases;
            [reading, publishing, parking].map(|phase| phase.limit().unwrap().as_millis())
        };
        assert_eq!(limits(900), [870_000, 890_000, 899_800]);
        assert_eq!(limits(60), [51_000, 54_000, 59_800]);
        assert_eq!(limits(3), [1_850, 2_000, 2_800]);
        assert_eq!(limits(1), [400, 500, 800]);
    }

    #[test]
    fn a_slow_stream_ends_the_reading_after_half_of_its_time_at_the_earliest() {
        let phases = phases(Duration::from_mins(1));
        assert!(!phases.reading_is_over(Duration::ZERO));
        assert!(!phases.reading_is_over(Duration::MAX));
        let short = self::phases(Duration::from_millis(1));
        std::thread::sleep(Duration::from_millis(2));
        assert!(short.reading_is_over(Duration::ZERO));
    }

    #[test]
    fn an_unknown_deadline_ends_nothing() {
        for deadline in [None, Some(SystemTime::UNIX_EPOCH)] {
            let phases = Phases::new(deadline);
            assert_eq!(phases.parking.remaining(), None);
            assert!(!phases.reading_is_over(Duration::MAX));
        }
    }
}
