//! The request rate of a stream: additive increase, multiplicative decrease.
//!
//! Requests are unlimited until Kinesis throttles. A throttle reduces the rate that the stream accepted by up to half.
//! The rate then grows by half of the highest rate ever accepted in each second, so it recovers within two seconds.

use std::time::{Duration, Instant};

/// Capacity of one shard in a second.
///
/// Source: [Kinesis quotas](https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html).
const SHARD_RECORDS: f64 = 1000.0;
const SHARD_BYTES: f64 = 1024.0 * 1024.0;

/// The share of throttled records in a request up to which the rate stays, so that one hot key does not delay the others.
const TOLERATED_SHARE: f64 = 0.05;
/// The part by which the rate decreases when all records of a request are throttled.
const DECREASE: f64 = 0.5;
/// The part of the highest accepted rate by which the rate grows in each second.
const INCREASE: f64 = 0.5;
/// The lowest rate, in shards.
const MIN_RATE: f64 = 0.1;
/// The rate that a stream accepts at least when it has no other writer, in shards.
const ONE_SHARD: f64 = 1.0;
/// The longest wait between two checks of the rate.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// The rate of all requests to one stream.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    limit: Option<Limit>,
    accepted: Accepted,
}

/// The rate since the last throttle.
#[derive(Debug, Clone, Copy)]
struct Limit {
    throttled_at: Instant,
    /// The rate after the throttle, in shards.
    rate: f64,
    /// Growth of the rate in a second, in shards.
    growth: f64,
    /// Cost of sent requests that the rate has not covered yet, in shard seconds.
    debt: f64,
    /// The time up to which the debt is paid.
    paid_until: Instant,
}

/// The rate that the stream accepted, in shards.
#[derive(Debug, Default)]
struct Accepted {
    second_begin: Option<Instant>,
    this_second: f64,
    last_second: f64,
    highest: f64,
}

/// The capacity that a request uses, in shard seconds.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Cost(f64);

/// The result of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observation {
    pub(crate) sent_at: Instant,
    pub(crate) cost: Cost,
    pub(crate) records: usize,
    pub(crate) throttled_records: usize,
}

impl Cost {
    #[expect(
        clippy::cast_precision_loss,
        reason = "requests are far below 2^52 bytes"
    )]
    pub(crate) fn of(records: usize, bytes: usize) -> Self {
        Self((records as f64 / SHARD_RECORDS).max(bytes as f64 / SHARD_BYTES))
    }
}

impl Pace {
    /// Admits a request, or returns the time to wait before the next call.
    pub(crate) fn admit(&mut self, now: Instant, cost: Cost) -> Result<(), Duration> {
        match &mut self.limit {
            None => Ok(()),
            Some(limit) => limit.admit(now, cost),
        }
    }

    /// Adjusts the rate to a response that arrived at `now`.
    pub(crate) fn observe(&mut self, now: Instant, request: Observation) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a request has 500 records at most"
        )]
        let share = request.throttled_records as f64 / request.records.max(1) as f64;
        self.accepted.add(now, request.cost.0 * (1.0 - share));
        let is_covered = |limit: Limit| request.sent_at < limit.throttled_at;
        if share <= TOLERATED_SHARE || self.limit.is_some_and(is_covered) {
            return;
        }
        let accepted = self.accepted.rate().max(ONE_SHARD);
        let rate = self
            .limit
            .map_or(accepted, |limit| limit.rate(now).min(accepted));
        let rate = (rate * (1.0 - DECREASE * share)).max(MIN_RATE);
        tracing::debug!(shards = rate, "throttled, request rate lowered");
        self.limit = Some(Limit {
            throttled_at: now,
            rate,
            growth: INCREASE * self.accepted.highest.max(ONE_SHARD),
            // The throttled request did not use capacity, but must not be repeated at once.
            debt: request.cost.0,
            paid_until: now,
        });
    }
}

impl Limit {
    fn rate(&self, now: Instant) -> f64 {
        let seconds = now
            .saturating_duration_since(self.throttled_at)
            .as_secs_f64();
        self.rate + self.growth * seconds
    }

    fn admit(&mut self, now: Instant, cost: Cost) -> Result<(), Duration> {
        let seconds = now.saturating_duration_since(self.paid_until).as_secs_f64();
        let rate = self.rate(now);
        let mean_rate = f64::midpoint(self.rate(self.paid_until), rate);
        self.debt = (self.debt - seconds * mean_rate).max(0.0);
        self.paid_until = now;
        if self.debt <= f64::EPSILON {
            self.debt = cost.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64(self.debt / rate);
        Err(wait.clamp(Duration::from_millis(1), MAX_WAIT))
    }
}

impl Accepted {
    fn add(&mut self, now: Instant, cost: f64) {
        let begin = *self.second_begin.get_or_insert(now);
        let seconds = now.saturating_duration_since(begin).as_secs();
        if seconds > 0 {
            self.last_second = if seconds == 1 { self.this_second } else { 0.0 };
            self.this_second = 0.0;
            self.second_begin = Some(begin + Duration::from_secs(seconds));
        }
        self.this_second += cost;
        self.highest = self.highest.max(self.this_second);
    }

    fn rate(&self) -> f64 {
        self.this_second.max(self.last_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A request of 500 records, sent and answered at once.
    fn answer(at: Instant, throttled_records: usize) -> Observation {
        Observation {
            sent_at: at,
            cost: Cost::of(500, 0),
            records: 500,
            throttled_records,
        }
    }

    /// A pace after `shards` were accepted within one second.
    fn accepting(shards: u32, at: Instant) -> Pace {
        let mut pace = Pace::default();
        for _ in 0..2 * shards {
            pace.observe(at, answer(at, 0));
        }
        pace
    }

    fn rate(pace: &Pace, at: Instant) -> f64 {
        pace.limit.unwrap().rate(at)
    }

    #[track_caller]
    fn assert_about(found: f64, expected: f64) {
        assert!(
            (found / expected - 1.0).abs() < 0.001,
            "{found} is not about {expected}"
        );
    }

    /// The time until `requests` of 500 records are sent.
    fn drain(pace: &mut Pace, begin: Instant, requests: usize) -> Duration {
        let mut now = begin;
        for _ in 0..requests {
            while let Err(wait) = pace.admit(now, Cost::of(500, 0)) {
                now += wait;
            }
            pace.observe(now, answer(now, 0));
        }
        now - begin
    }

    #[test]
    fn requests_are_unlimited_before_the_first_throttle() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        for _ in 0..100 {
            assert_eq!(pace.admit(now, Cost::of(500, 0)), Ok(()));
            pace.observe(now, answer(now, 25));
        }
    }

    #[test]
    fn a_throttle_lowers_the_accepted_rate() {
        let now = Instant::now();
        let mut pace = accepting(4, now);
        pace.observe(now, answer(now, 500));
        assert_about(rate(&pace, now), 2.0);
        let later = now + SECOND / 2;
        let before = rate(&pace, later);
        assert!(before < 4.0);
        pace.observe(later, answer(later, 250));
        assert_about(rate(&pace, later), before * 0.75);
    }

    #[test]
    fn records_accepted_long_ago_do_not_determine_the_rate() {
        let now = Instant::now();
        let mut pace = accepting(50, now);
        let later = now + SECOND * 5;
        pace.observe(later, answer(later, 500));
        assert_about(rate(&pace, later), 0.5);
        // An hour without requests between bursts does not lower the measured rate.
        let mut pace = accepting(1, now);
        let later = now + SECOND * 3600;
        for _ in 0..8 {
            pace.observe(later, answer(later, 0));
        }
        pace.observe(later, answer(later, 500));
        assert_about(rate(&pace, later), 2.0);
    }

    #[test]
    fn throttles_of_concurrent_requests_lower_the_rate_once() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let later = now + SECOND;
        pace.observe(later, answer(now, 500));
        let before = rate(&pace, later);
        pace.observe(later, answer(now, 500));
        pace.observe(later, answer(now, 500));
        assert_about(rate(&pace, later), before);
    }

    #[test]
    fn the_rate_grows_by_half_of_the_highest_accepted_rate_each_second() {
        let now = Instant::now();
        let mut pace = accepting(4, now);
        pace.observe(now, answer(now, 500));
        let rates = [0, 1, 2].map(|seconds| rate(&pace, now + SECOND * seconds));
        rates
            .into_iter()
            .zip([2.0, 4.0, 6.0])
            .for_each(|(found, expected)| assert_about(found, expected));
    }

    #[test]
    fn a_burst_of_throttles_costs_seconds() {
        let now = Instant::now();
        let mut pace = accepting(20, now);
        for tenth in 0..10 {
            let at = now + SECOND / 10 * tenth;
            pace.observe(at, answer(at, 500));
        }
        let took = drain(&mut pace, now + SECOND, 200);
        assert!(took < SECOND * 6, "{took:?} for 100,000 records");
    }

    #[test]
    fn the_cost_of_large_records_is_their_size() {
        assert_eq!(Cost::of(1, 1024 * 1024), Cost::of(1000, 0));
        assert_eq!(Cost::of(1000, 1024), Cost::of(1000, 0));
    }

    #[test]
    fn a_stream_that_accepts_nothing_is_probed_about_once_a_second() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let (mut at, mut probes) = (now, 0);
        while at < now + SECOND * 100 {
            match pace.admit(at, Cost::of(500, 0)) {
                Ok(()) => {
                    probes += 1;
                    pace.observe(at, answer(at, 500));
                }
                Err(wait) => at += wait,
            }
        }
        assert!((50..150).contains(&probes), "{probes} probes in 100 s");
    }
}
