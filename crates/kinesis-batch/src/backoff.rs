//! The pause before the next attempt.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

/// Exponential backoff with full jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Upper bound of the pause after the first attempt; it doubles with every further one.
    pub base: Duration,
    /// Upper bound of every pause.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(50),
            cap: Duration::from_secs(5),
        }
    }
}

impl Backoff {
    /// The pause after `attempt` attempts; `random` in `0.0..=1.0` picks a point in its range.
    pub fn pause(&self, attempt: u32, random: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let bound = self.base.saturating_mul(1 << doublings).min(self.cap);
        bound.mul_f64(random.clamp(0.0, 1.0))
    }
}

/// A random number in `0.0..=1.0`, good enough to spread retries.
pub(crate) fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 32;
    #[expect(clippy::cast_precision_loss, reason = "32 bits fit the 52 of an f64")]
    let random = bits as f64 / f64::from(u32::MAX);
    random
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        base: Duration::from_millis(50),
        cap: Duration::from_secs(5),
    };

    #[test]
    fn bound_doubles_up_to_the_cap() {
        let bounds: Vec<_> = (1..=9).map(|n| BACKOFF.pause(n, 1.0).as_millis()).collect();
        assert_eq!(bounds, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(BACKOFF.pause(u32::MAX, 1.0), BACKOFF.cap);
    }

    #[test]
    fn jitter_spans_the_whole_range() {
        assert_eq!(BACKOFF.pause(3, 0.0), Duration::ZERO);
        assert_eq!(BACKOFF.pause(3, 0.5), Duration::from_millis(100));
    }

    #[test]
    fn nonsense_randomness_stays_in_range() {
        assert_eq!(BACKOFF.pause(1, 7.0), Duration::from_millis(50));
        assert_eq!(BACKOFF.pause(1, -1.0), Duration::ZERO);
    }

    #[test]
    fn random_numbers_differ_and_stay_in_range() {
        let numbers: Vec<_> = (0..8).map(|_| random()).collect();
        assert!(numbers.iter().all(|n| (0.0..=1.0).contains(n)));
        let least = numbers.iter().copied().fold(1.0, f64::min);
        let most = numbers.iter().copied().fold(0.0, f64::max);
        assert!(least < most);
    }
}
