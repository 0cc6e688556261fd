//! How long to wait before the next try, and until when there may be one.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Assumed for an invocation whose deadline is not known.
const UNKNOWN: Duration = Duration::from_secs(30);

/// Exponential back-off with full jitter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
}

impl Backoff {
    /// The pause after try number `attempt` (from 0); `roll` is a random number of `0..1`.
    pub(crate) fn pause(self, attempt: u32, roll: f64) -> Duration {
        let ceiling = self.base.saturating_mul(1 << attempt.min(16)).min(self.cap);
        ceiling.mul_f64(roll.clamp(0.0, 1.0))
    }
}

/// When the invocation ends, and how much of the rest is kept for parking and reporting.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    end: Instant,
    reserve: Duration,
}

impl Deadline {
    /// Takes the deadline that Lambda gave. One in the past is unknown, not over: some local
    /// runtimes send nonsense.
    pub fn at(end: SystemTime, now: SystemTime) -> Self {
        let left = match end.duration_since(now) {
            Ok(left) if left > Duration::ZERO => left,
            _ => UNKNOWN,
        };
        let reserve = (left / 5).clamp(Duration::from_millis(250), Duration::from_secs(5));
        Self {
            end: Instant::now() + left,
            reserve,
        }
    }

    /// The time left for calls to Salesforce.
    pub(crate) fn left_for_calls(self) -> Duration {
        self.left().saturating_sub(self.reserve)
    }

    /// The time left at all, less a little for the answer itself.
    pub(crate) fn left(self) -> Duration {
        let left = self.end.saturating_duration_since(Instant::now());
        left.saturating_sub(Duration::from_millis(100))
    }

    /// The timeout of one request: no more than `most`, and so that a lost answer leaves time to
    /// ask again.
    pub(crate) fn request_timeout(self, most: Duration) -> Duration {
        most.min(self.left_for_calls().mul_f64(0.6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_grow_to_the_cap_and_are_jittered_down_to_nothing() {
        let backoff = Backoff {
            base: SECOND,
            cap: 5 * SECOND,
        };
        assert_eq!(backoff.pause(0, 1.0), SECOND);
        assert_eq!(backoff.pause(2, 0.5), 2 * SECOND);
        assert_eq!(backoff.pause(40, 1.0), 5 * SECOND);
        assert_eq!(backoff.pause(3, 0.0), Duration::ZERO);
    }

    #[test]
    fn a_request_never_takes_all_that_is_left() {
        let now = SystemTime::now();
        let deadline = Deadline::at(now + 10 * SECOND, now);
        assert!(deadline.request_timeout(30 * SECOND) < 5 * SECOND);
        let deadline = Deadline::at(now + 600 * SECOND, now);
        assert_eq!(deadline.request_timeout(30 * SECOND), 30 * SECOND);
    }

    #[test]
    fn a_deadline_in_the_past_is_unknown_and_not_over() {
        let now = SystemTime::now();
        let deadline = Deadline::at(SystemTime::UNIX_EPOCH + 600 * SECOND, now);
        assert!(deadline.left_for_calls() > 20 * SECOND);
    }
}
