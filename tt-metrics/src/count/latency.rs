//! Durations of calls, as a histogram with a relative error of at most 6 %.

use std::time::Duration;

/// The number of buckets of one power of two.
const STEPS: usize = 8;
/// Durations are distinguished up to 2^30 µs, about 18 minutes, which is longer than a Lambda function may run.
const POWERS: usize = 30;

/// The number of buckets.
pub(crate) const BUCKETS: usize = (POWERS - 2) * STEPS;

/// The bucket of a duration. Below 8 µs there is one for each microsecond, above there are eight of equal width for each power
/// of two.
pub(crate) fn bucket(took: Duration) -> usize {
    let micros = usize::try_from(took.as_micros()).unwrap_or(usize::MAX);
    if micros < STEPS {
        return micros;
    }
    // The three bits after the leading one, and their position.
    let shift = micros.ilog2() as usize - 3;
    (shift * STEPS + (micros >> shift)).min(BUCKETS - 1)
}

/// The value of a bucket in milliseconds: the one with the smallest maximum relative distance from the durations of the
/// bucket, at most 1/17 (5.9 %).
pub(crate) fn milliseconds(bucket: usize) -> f64 {
    let micros = if bucket < STEPS {
        as_f64(bucket)
    } else {
        let shift = bucket / STEPS - 1;
        let low = as_f64((STEPS + bucket % STEPS) << shift);
        let high = as_f64((STEPS + bucket % STEPS + 1) << shift);
        2.0 * low * high / (low + high)
    };
    // Rounded to a hundredth of a microsecond, far below the width of the bucket.
    (micros * 100.0).round() / 100_000.0
}

fn as_f64(micros: usize) -> f64 {
    u32::try_from(micros).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_within_six_percent_of_its_bucket() {
        let mut micros = 8.0_f64;
        while micros < 900e6 {
            let took = Duration::from_secs_f64(micros / 1e6);
            let truth = took.as_secs_f64() * 1e3;
            let error = (milliseconds(bucket(took)) - truth).abs() / truth;
            assert!(error <= 0.0592, "{took:?}: {error}");
            micros *= 1.01;
        }
        for micros in 0..8 {
            let took = Duration::from_micros(micros);
            assert_eq!(bucket(took), usize::try_from(micros).unwrap());
            let error = milliseconds(bucket(took)) - took.as_secs_f64() * 1e3;
            assert!(error.abs() < 1e-9, "{took:?}: {error}");
        }
    }

    #[test]
    fn buckets_are_in_order_and_longer_durations_are_in_the_last() {
        let buckets: Vec<usize> = (0..BUCKETS)
            .map(|index| {
                let nanos = milliseconds(index) * 1e6;
                bucket(Duration::from_secs_f64(nanos / 1e9 + 1e-10))
            })
            .collect();
        assert_eq!(buckets, (0..BUCKETS).collect::<Vec<_>>());
        assert_eq!(bucket(Duration::from_mins(15)), BUCKETS - 3);
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }
}
