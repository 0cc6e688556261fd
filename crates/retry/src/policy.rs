//! The retry policy: whether there is another attempt, and the pause before it.

use std::time::Duration;

/// When to try again after a failure that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The largest number of attempts; `None` when only the deadline limits them.
    pub max_attempts: Option<u32>,
    /// The pauses between attempts.
    pub backoff: Backoff,
}

/// Exponential backoff with full jitter: each pause is a random part of a bound that doubles with every attempt.
///
/// Source: [Exponential Backoff And Jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Bound of the pause after the first attempt.
    pub base: Duration,
    /// Bound of every pause.
    pub cap: Duration,
}

impl RetryPolicy {
    /// Returns the pause after `attempts` attempts, the first one included; `None` when there is no further attempt.
    ///
    /// There is none when the maximum is reached, or when the pause would not end before the deadline, which is
    /// `remaining` away. `random` is as in [`Backoff::pause`].
    pub fn pause_after(
        &self,
        attempts: u32,
        remaining: Option<Duration>,
        random: f64,
    ) -> Option<Duration> {
        if self.max_attempts.is_some_and(|max| attempts >= max) {
            return None;
        }
        let pause = self.backoff.pause(attempts, random);
        remaining.is_none_or(|left| pause < left).then_some(pause)
    }
}

impl Backoff {
    /// Returns a backoff with these bounds.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// Returns the pause after `attempts` attempts, the first one included. `random` in `0.0..=1.0` selects a point
    /// between zero and the bound.
    pub fn pause(&self, attempts: u32, random: f64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        let bound = self.base.saturating_mul(1 << doublings).min(self.cap);
        bound.mul_f64(random.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let bounds: Vec<_> = (1..=9).map(|n| BACKOFF.pause(n, 1.0).as_millis()).collect();
        assert_eq!(bounds, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(BACKOFF.pause(u32::MAX, 1.0), BACKOFF.cap);
    }

    #[test]
    fn the_jitter_covers_the_whole_range() {
        assert_eq!(BACKOFF.pause(3, 0.0), Duration::ZERO);
        assert_eq!(BACKOFF.pause(3, 0.5), Duration::from_millis(100));
        assert_eq!(BACKOFF.pause(1, 7.0), Duration::from_millis(50));
        assert_eq!(BACKOFF.pause(1, -1.0), Duration::ZERO);
    }

    #[test]
    fn attempts_end_at_the_maximum() {
        let policy = RetryPolicy {
            max_attempts: Some(3),
            backoff: BACKOFF,
        };
        let pauses = [1, 2, 3, 4].map(|attempts| policy.pause_after(attempts, None, 1.0));
        let [first, second] = [50, 100].map(|millis| Some(Duration::from_millis(millis)));
        assert_eq!(pauses, [first, second, None, None]);
    }

    #[test]
    fn without_a_maximum_the_deadline_ends_the_attempts() {
        let policy = RetryPolicy {
            max_attempts: None,
            backoff: BACKOFF,
        };
        let remaining = Some(Duration::from_secs(5));
        assert_eq!(policy.pause_after(1000, remaining, 1.0), None);
        let pause = policy.pause_after(1000, remaining, 0.5);
        assert_eq!(pause, Some(Duration::from_millis(2500)));
    }
}
