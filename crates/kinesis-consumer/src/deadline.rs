//! Until when there may be work.

use std::time::{Duration, SystemTime};

use crate::Clock;

/// Assumed for an invocation whose deadline is not known.
const UNKNOWN: Duration = Duration::from_secs(30);

/// When the invocation ends, and how much of the rest is kept for parking and reporting.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    clock: Clock,
    /// In the clock's monotonic time.
    end: Duration,
    reserve: Duration,
}

impl Deadline {
    /// Takes the deadline that Lambda gave. One in the past is unknown, not over: some local
    /// runtimes send nonsense.
    pub fn at(end: SystemTime) -> Self {
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        Self::after(left, Clock::system())
    }

    /// A deadline that is `left` away; no time at all means that it is not known.
    pub fn after(left: Duration, clock: Clock) -> Self {
        let left = if left.is_zero() { UNKNOWN } else { left };
        let reserve = (left / 5).clamp(Duration::from_millis(250), Duration::from_secs(5));
        Self {
            clock,
            end: clock.monotonic() + left,
            reserve,
        }
    }

    /// The time left for delivering.
    pub fn left_for_calls(self) -> Duration {
        self.left().saturating_sub(self.reserve)
    }

    /// The time left at all, less a little for the answer itself.
    pub fn left(self) -> Duration {
        let left = self.end.saturating_sub(self.clock.monotonic());
        left.saturating_sub(Duration::from_millis(100))
    }

    /// The timeout of one request: no more than `most`, and so that a lost answer leaves time to
    /// ask again.
    pub fn request_timeout(self, most: Duration) -> Duration {
        most.min(self.left_for_calls().mul_f64(0.6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_request_never_takes_all_that_is_left() {
        let deadline = Deadline::at(SystemTime::now() + 10 * SECOND);
        assert!(deadline.request_timeout(30 * SECOND) < 5 * SECOND);
        let deadline = Deadline::at(SystemTime::now() + 600 * SECOND);
        assert_eq!(deadline.request_timeout(30 * SECOND), 30 * SECOND);
    }

    #[test]
    fn a_deadline_in_the_past_is_unknown_and_not_over() {
        let deadline = Deadline::at(SystemTime::UNIX_EPOCH + 600 * SECOND);
        assert!(deadline.left_for_calls() > 20 * SECOND);
    }
}
