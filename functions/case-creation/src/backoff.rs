//! How long to wait before the next try.

use std::time::Duration;

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
}
