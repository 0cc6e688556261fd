//! When to stop taking on work, so that what is unfinished can still be kept.

use std::{
    future::Future,
    time::{Duration, Instant, SystemTime},
};

/// What is kept for parking and for handing on, and half of the time at most.
const LEAST_MARGIN: Duration = Duration::from_secs(1);
const MOST_MARGIN: Duration = Duration::from_secs(10);
/// What is left for the response and the metrics.
const LAST_MARGIN: Duration = Duration::from_millis(200);

/// What is left of that for records that were read, before their publishing stops.
const LEAST_PUBLISHING: Duration = Duration::from_millis(100);
const MOST_PUBLISHING: Duration = Duration::from_secs(20);

/// The shortest time in which something can be tried.
const LEAST_SHARE: Duration = Duration::from_millis(150);

/// How many batches may have to go out one behind the other after the last look at the clock: one that a lane waits for, the
/// one behind it, the one that is being filled, and one more for safety.
const LAST_BATCHES: u32 = 4;

/// The points in time that matter to an invocation; none when its deadline is unknown.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Deadline {
    /// When the invocation began.
    pub(crate) begun: Option<Instant>,
    /// From here on nothing new is read: what was read is published to its end.
    pub(crate) read: Option<Instant>,
    /// From here on nothing is published, only parked.
    pub(crate) stop: Option<Instant>,
    /// From here on nothing is parked either.
    pub(crate) end: Option<Instant>,
}

impl Deadline {
    /// The points for an invocation that ends at `deadline`, seen at `now`.
    ///
    /// A deadline in the past is unknown, not over: some local runtimes send nonsense.
    pub(crate) fn new(deadline: Option<SystemTime>, now: (SystemTime, Instant)) -> Self {
        let left = deadline.and_then(|deadline| deadline.duration_since(now.0).ok());
        let Some(left) = left.filter(|left| !left.is_zero()) else {
            return Self::default();
        };
        let margin = (left / 10).clamp(LEAST_MARGIN, MOST_MARGIN).min(left / 2);
        let publishing = (left / 20).clamp(LEAST_PUBLISHING, MOST_PUBLISHING);
        Self {
            begun: Some(now.1),
            read: Some(now.1 + left.saturating_sub(margin + publishing)),
            stop: Some(now.1 + left.saturating_sub(margin)),
            end: Some(now.1 + left.saturating_sub(LAST_MARGIN)),
        }
    }

    /// Whether it is time to read no more, when a batch takes up to `batch` on its way.
    pub(crate) fn is_near(&self, batch: Duration) -> bool {
        let until = self.reads_until(batch);
        until.is_some_and(|until| Instant::now() >= until)
    }

    /// Whether nothing is to be parked any more.
    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// The time by which the next of several things must be done: it may take half of what is left and `most` at most, so
    /// that the others get a turn also when it hangs.
    pub(crate) fn share(&self, most: Duration) -> Option<Instant> {
        let now = Instant::now();
        let share = self.end.map_or(most, |end| {
            let left = end.saturating_duration_since(now);
            (left / 2).max(LEAST_SHARE).min(left).min(most)
        });
        now.checked_add(share)
    }

    /// A slow stream needs more time for what was read, but at least half of the time is for reading: a file gets on.
    fn reads_until(&self, batch: Duration) -> Option<Instant> {
        let (begun, read, stop) = (self.begun?, self.read?, self.stop?);
        let least = begun + (read - begun) / 2;
        let latest = stop.checked_sub(batch.saturating_mul(LAST_BATCHES));
        Some(latest.map_or(least, |latest| latest.clamp(least, read)))
    }
}

/// Waits for `work` until `end`; `None` when that came first.
pub(crate) async fn until<T>(end: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match end {
        Some(end) => tokio::time::timeout_at(end.into(), work).await.ok(),
        None => Some(work.await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_ends_before_publishing() {
        let now = (SystemTime::now(), Instant::now());
        let read = |seconds| {
            let deadline = Deadline::new(Some(now.0 + Duration::from_secs(seconds)), now);
            deadline.read.unwrap() - now.1
        };
        assert_eq!(
            (read(900), read(60)),
            (Duration::from_secs(870), Duration::from_secs(51))
        );
        assert_eq!(read(1), Duration::from_millis(400));
    }

    #[test]
    fn a_slow_stream_ends_the_reading_earlier_and_at_half_of_the_time_at_most() {
        let now = (SystemTime::now(), Instant::now());
        let deadline = Deadline::new(Some(now.0 + Duration::from_mins(1)), now);
        let until = |batch| {
            let until = deadline.reads_until(Duration::from_millis(batch)).unwrap();
            until - now.1
        };
        for quick in [0, 10, 750] {
            assert_eq!(until(quick), Duration::from_secs(51));
        }
        assert_eq!(until(2000), Duration::from_secs(46));
        for slow in [8000, 60_000, u64::MAX] {
            assert_eq!(until(slow), Duration::from_millis(25_500));
        }
    }

    #[test]
    fn what_hangs_takes_half_of_what_is_left() {
        let now = (SystemTime::now(), Instant::now());
        let deadline = Deadline::new(Some(now.0 + Duration::from_mins(1)), now);
        let share = |deadline: Deadline, most| {
            let share = deadline.share(Duration::from_secs(most)).unwrap();
            (share - now.1).as_secs()
        };
        let short = Deadline::new(Some(now.0 + Duration::from_millis(400)), now);
        let least = short.share(Duration::MAX).unwrap() - now.1;
        assert!(
            least > LEAST_SHARE && least < Duration::from_millis(200),
            "{least:?}"
        );
        assert_eq!((share(deadline, 50), share(deadline, 20)), (29, 20));
        assert_eq!(share(Deadline::default(), 20), 20);
        let past = Deadline {
            end: Some(now.1),
            ..deadline
        };
        assert_eq!(share(past, 20), 0);
    }

    fn left(seconds: u64) -> (Duration, Duration) {
        let now = (SystemTime::now(), Instant::now());
        let deadline = Deadline::new(Some(now.0 + Duration::from_secs(seconds)), now);
        (
            deadline.stop.unwrap() - now.1,
            deadline.end.unwrap() - now.1,
        )
    }

    #[test]
    fn a_tenth_is_kept_for_parking_within_bounds() {
        assert_eq!(
            left(60),
            (Duration::from_secs(54), Duration::from_millis(59_800))
        );
        assert_eq!(left(900).0, Duration::from_secs(890));
        assert_eq!(left(3).0, Duration::from_secs(2));
        assert_eq!(left(1).0, Duration::from_millis(500));
    }

    #[test]
    fn a_deadline_in_the_past_is_unknown() {
        let now = (SystemTime::now(), Instant::now());
        let deadline = Deadline::new(Some(SystemTime::UNIX_EPOCH), now);
        assert_eq!(
            (deadline.read, deadline.stop, deadline.end),
            (None, None, None)
        );
        assert!(!deadline.is_near(Duration::MAX));
    }
}
