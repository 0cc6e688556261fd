//! How fast requests go out: as fast as the stream takes them, found by additive increase and
//! multiplicative decrease.

use std::time::{Duration, Instant};

/// What one shard takes in a second (Kinesis Data Streams quotas,
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>).
const SHARD_RECORDS: f64 = 1000.0;
const SHARD_BYTES: f64 = 1024.0 * 1024.0;

/// The share of throttled records in a request that is taken as a sign of going too fast: one hot
/// key alone shall not slow down the others.
const THROTTLED_SHARE: f64 = 0.05;
/// What is taken off the rate when all records of a request are throttled; less when only some are.
const DECREASE: f64 = 0.5;
/// What a second without throttle adds, as a share of the rate at the last throttle.
const INCREASE: f64 = 0.1;
/// The least rate and the least growth of it in a second, in shards.
const LEAST: f64 = 0.1;

/// The pace of all requests to one stream. Unlimited until the stream throttles for the first time.
#[derive(Debug)]
pub(crate) struct Pace {
    limit: Option<Limit>,
    /// What was accepted since `since`, to tell at the first throttle how much is too much.
    accepted: f64,
    since: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Limit {
    /// Shards' worth of records a second.
    rate: f64,
    /// What is added to the rate in a second.
    slope: f64,
    /// When the next request may go out.
    free: Instant,
    /// The last change of the rate.
    changed: Instant,
    /// The last decrease: requests from before say nothing new.
    decreased: Instant,
}

/// What a request asks of a stream, in seconds of one shard.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Cost(f64);

impl Cost {
    #[expect(
        clippy::cast_precision_loss,
        reason = "requests are far below 2^52 bytes"
    )]
    pub(crate) fn of(records: usize, bytes: usize) -> Self {
        Self((records as f64 / SHARD_RECORDS).max(bytes as f64 / SHARD_BYTES))
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observation {
    pub(crate) sent: Instant,
    pub(crate) cost: Cost,
    pub(crate) records: usize,
    /// How many of the records were throttled.
    pub(crate) throttled: usize,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            limit: None,
            accepted: 0.0,
            since: None,
        }
    }

    /// Takes the next free place for a request; returns how long to wait for it.
    pub(crate) fn reserve(&mut self, now: Instant, cost: Cost) -> Duration {
        let Some(limit) = &mut self.limit else {
            self.since.get_or_insert(now);
            return Duration::ZERO;
        };
        let begin = limit.free.max(now);
        limit.free = begin + Duration::from_secs_f64(cost.0 / limit.rate);
        begin - now
    }

    /// Learns from an answer that came at `now`.
    pub(crate) fn observe(&mut self, now: Instant, request: Observation) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a request has 500 records at most"
        )]
        let share = request.throttled as f64 / request.records.max(1) as f64;
        self.accepted += request.cost.0 * (1.0 - share);
        let throttled = share > THROTTLED_SHARE;
        match &mut self.limit {
            None if throttled => {
                let elapsed = now.duration_since(self.since.unwrap_or(now));
                let rate = (self.accepted / elapsed.as_secs_f64().max(1.0)).max(LEAST);
                tracing::debug!(shards = rate, "throttled, slowing down");
                self.limit = Some(Limit {
                    rate,
                    slope: (rate * INCREASE).max(LEAST),
                    free: now + Duration::from_secs_f64(request.cost.0 / rate),
                    changed: now,
                    decreased: now,
                });
            }
            None => {}
            Some(limit) if throttled && request.sent >= limit.decreased => {
                limit.rate = (limit.rate * (1.0 - DECREASE * share)).max(LEAST);
                limit.slope = (limit.rate * INCREASE).max(LEAST);
                limit.changed = now;
                limit.decreased = now;
            }
            Some(_) if throttled => {}
            Some(limit) => {
                let elapsed = now.saturating_duration_since(limit.changed);
                limit.rate += limit.slope * elapsed.as_secs_f64();
                limit.changed = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A request of 500 records, sent and answered at once.
    fn answer(at: Instant, throttled: usize) -> Observation {
        Observation {
            sent: at,
            cost: Cost::of(500, 0),
            records: 500,
            throttled,
        }
    }

    fn rate(pace: &Pace) -> f64 {
        pace.limit.unwrap().rate
    }

    #[test]
    fn nothing_waits_before_the_first_throttle() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        for _ in 0..100 {
            assert_eq!(pace.reserve(now, Cost::of(500, 0)), Duration::ZERO);
            pace.observe(now, answer(now, 25));
        }
    }

    #[test]
    fn the_first_throttle_sets_the_rate_that_the_stream_took() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        pace.reserve(now, Cost::of(500, 0));
        pace.observe(now, answer(now, 0));
        pace.observe(now, answer(now, 0));
        pace.observe(now, answer(now, 500));
        assert!((rate(&pace) - 1.0).abs() < 0.001, "{}", rate(&pace));
        // 500 records are half a second of one shard; so were those that it refused.
        assert_eq!(pace.reserve(now, Cost::of(500, 0)), SECOND / 2);
        assert_eq!(pace.reserve(now, Cost::of(500, 0)), SECOND);
    }

    #[test]
    fn throttles_of_one_moment_slow_down_once() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        pace.observe(now, answer(now, 250));
        let before = rate(&pace);
        let later = now + SECOND;
        pace.observe(later, answer(now + SECOND / 2, 500));
        pace.observe(later, answer(now + SECOND / 2, 500));
        assert!((rate(&pace) / before - 0.5).abs() < 0.001);
        pace.observe(later + SECOND, answer(later, 50));
        assert!((rate(&pace) / before - 0.475).abs() < 0.001);
    }

    #[test]
    fn the_rate_grows_by_a_tenth_a_second_until_the_next_throttle() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        for _ in 0..10 {
            pace.observe(now, answer(now, 0));
        }
        pace.observe(now, answer(now, 250));
        let before = rate(&pace);
        for second in 1..=5 {
            pace.observe(now + SECOND * second, answer(now, 0));
        }
        assert!((rate(&pace) / before - 1.5).abs() < 0.001);
    }

    #[test]
    fn large_records_cost_by_their_bytes() {
        assert_eq!(Cost::of(1, 1024 * 1024), Cost::of(1000, 0));
        assert_eq!(Cost::of(1000, 1024), Cost::of(1000, 0));
    }

    #[test]
    fn a_stream_that_takes_nothing_is_asked_now_and_then() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        for second in 0..100 {
            let at = now + SECOND * second;
            pace.observe(at, answer(at, 500));
        }
        let at = now + SECOND * 100;
        assert_eq!(pace.reserve(at, Cost::of(500, 0)), Duration::ZERO);
        assert_eq!(pace.reserve(at, Cost::of(500, 0)), SECOND * 5);
    }
}
