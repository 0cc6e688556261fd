//! How fast requests go out: as fast as the stream takes them, found as TCP finds the speed of a way.
//!
//! A throttle takes a share off the rate; then the rate climbs back along the curve of CUBIC (RFC 9438), soon to where it
//! was, slowly past that, and ever faster if nothing is throttled there. So a burst of throttles that is over costs a
//! second or two, not the invocation.

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
/// How steep the curve is, in shards by the cube of a second (RFC 9438, section 5).
const STEEPNESS: f64 = 0.4;
/// The least rate, in shards.
const LEAST: f64 = 0.1;
/// What a stream takes at least when nobody else writes to it, in shards.
const ONE_SHARD: f64 = 1.0;
/// The longest pause before the pace is asked again: the rate may have grown meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The pace of all requests to one stream. Unlimited until the stream throttles for the first time.
#[derive(Debug)]
pub(crate) struct Pace {
    limit: Option<Limit>,
    accepted: Accepted,
}

#[derive(Debug, Clone, Copy)]
struct Limit {
    /// Shards' worth of records a second that were too much at the last throttle.
    most: f64,
    /// What the last throttle left of it.
    least: f64,
    /// The last throttle: requests from before say nothing new.
    throttled: Instant,
    /// What has been sent ahead of the rate, in shards' worth of a second.
    debt: f64,
    /// Up to when the debt has been paid off.
    paid: Instant,
}

/// What the stream accepted of late, in shards' worth of a second.
#[derive(Debug, Default)]
struct Accepted {
    second: Option<Instant>,
    this: f64,
    before: f64,
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
            accepted: Accepted::default(),
        }
    }

    /// Lets a request out; otherwise says when to ask again.
    pub(crate) fn take(&mut self, now: Instant, cost: Cost) -> Result<(), Duration> {
        match &mut self.limit {
            None => Ok(()),
            Some(limit) => limit.take(now, cost),
        }
    }

    /// Learns from an answer that came at `now`.
    pub(crate) fn observe(&mut self, now: Instant, request: Observation) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a request has 500 records at most"
        )]
        let share = request.throttled as f64 / request.records.max(1) as f64;
        self.accepted.add(now, request.cost.0 * (1.0 - share));
        let known = self
            .limit
            .is_some_and(|limit| request.sent < limit.throttled);
        if share <= THROTTLED_SHARE || known {
            return;
        }
        let taken = self.accepted.rate().max(ONE_SHARD);
        let rate = self.limit.map_or(taken, |limit| limit.rate(now).min(taken));
        let least = (rate * (1.0 - DECREASE * share)).max(LEAST);
        tracing::debug!(shards = least, "throttled, slowing down");
        self.limit = Some(Limit {
            most: rate.max(least),
            least,
            throttled: now,
            // What was refused has cost the stream nothing, but shall not come again at once.
            debt: request.cost.0,
            paid: now,
        });
    }
}

impl Limit {
    /// The rate at a moment since the last throttle.
    fn rate(&self, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(self.throttled).as_secs_f64();
        let back = ((self.most - self.least) / STEEPNESS).cbrt();
        (self.most + STEEPNESS * (seconds - back).powi(3)).max(LEAST)
    }

    fn take(&mut self, now: Instant, cost: Cost) -> Result<(), Duration> {
        let rate = self.rate(now);
        let seconds = now.saturating_duration_since(self.paid).as_secs_f64();
        let mean = f64::midpoint(self.rate(self.paid), rate);
        self.debt = (self.debt - seconds * mean).max(0.0);
        self.paid = now;
        if self.debt <= f64::EPSILON {
            self.debt = cost.0;
            return Ok(());
        }
        let pause = Duration::from_secs_f64(self.debt / rate);
        Err(pause.clamp(Duration::from_millis(1), LONGEST_PAUSE))
    }
}

impl Accepted {
    fn add(&mut self, now: Instant, cost: f64) {
        let begun = *self.second.get_or_insert(now);
        let seconds = now.saturating_duration_since(begun).as_secs();
        if seconds > 0 {
            self.before = if seconds == 1 { self.this } else { 0.0 };
            self.this = 0.0;
            self.second = Some(begun + Duration::from_secs(seconds));
        }
        self.this += cost;
    }

    /// Shards' worth a second, of the better of this second and the one before.
    fn rate(&self) -> f64 {
        self.this.max(self.before)
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

    /// How long it takes until `requests` of 500 records are out.
    fn drain(pace: &mut Pace, begin: Instant, requests: usize) -> Duration {
        let mut now = begin;
        for _ in 0..requests {
            while let Err(pause) = pace.take(now, Cost::of(500, 0)) {
                now += pause;
            }
            pace.observe(now, answer(now, 0));
        }
        now - begin
    }

    #[test]
    fn nothing_waits_before_the_first_throttle() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        for _ in 0..100 {
            assert_eq!(pace.take(now, Cost::of(500, 0)), Ok(()));
            pace.observe(now, answer(now, 25));
        }
    }

    #[test]
    fn a_throttle_takes_a_share_off_what_the_stream_took() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        for _ in 0..8 {
            pace.observe(now, answer(now, 0));
        }
        pace.observe(now, answer(now, 500));
        assert_about(rate(&pace, now), 2.0);
        let later = now + SECOND / 2;
        let before = rate(&pace, later);
        assert!(before < 4.0);
        pace.observe(later, answer(later, 250));
        assert_about(rate(&pace, later), before * 0.75);
    }

    #[test]
    fn what_was_taken_long_ago_says_nothing() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        for _ in 0..100 {
            pace.observe(now, answer(now, 0));
        }
        let later = now + SECOND * 5;
        pace.observe(later, answer(later, 500));
        assert_about(rate(&pace, later), 0.5);
        // Nor does an hour of silence between bursts make the stream look slow.
        let (mut pace, now) = (Pace::new(), Instant::now());
        pace.observe(now, answer(now, 0));
        let later = now + SECOND * 3600;
        for _ in 0..8 {
            pace.observe(later, answer(later, 0));
        }
        pace.observe(later, answer(later, 500));
        assert_about(rate(&pace, later), 2.0);
    }

    #[test]
    fn throttles_of_one_moment_slow_down_once() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        let later = now + SECOND;
        pace.observe(later, answer(now, 500));
        let before = rate(&pace, later);
        pace.observe(later, answer(now, 500));
        pace.observe(later, answer(now, 500));
        assert_about(rate(&pace, later), before);
    }

    #[test]
    fn the_rate_is_soon_back_and_lingers_where_it_was_too_much() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        for _ in 0..8 {
            pace.observe(now, answer(now, 0));
        }
        pace.observe(now, answer(now, 500));
        // 4 shards were too much: the cube root of 2 / 0.4 seconds later the rate is there again.
        assert_about(rate(&pace, now + SECOND.mul_f64(5_f64.cbrt())), 4.0);
        let [near, far] = [2, 10].map(|seconds| rate(&pace, now + SECOND * seconds));
        assert!(near < 4.1 && far > 40.0, "{near}, {far}");
    }

    #[test]
    fn a_burst_of_throttles_that_is_over_costs_seconds() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        for tenth in 0..10 {
            let at = now + SECOND / 10 * tenth;
            pace.observe(at, answer(at, 500));
        }
        let took = drain(&mut pace, now + SECOND, 200);
        assert!(took < SECOND * 6, "{took:?} for 100,000 records");
    }

    #[test]
    fn large_records_cost_by_their_bytes() {
        assert_eq!(Cost::of(1, 1024 * 1024), Cost::of(1000, 0));
        assert_eq!(Cost::of(1000, 1024), Cost::of(1000, 0));
    }

    #[test]
    fn a_stream_that_takes_nothing_is_asked_now_and_then() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        let (mut at, mut asked) = (now, 0);
        while at < now + SECOND * 100 {
            match pace.take(at, Cost::of(500, 0)) {
                Ok(()) => {
                    asked += 1;
                    pace.observe(at, answer(at, 500));
                }
                Err(pause) => at += pause,
            }
        }
        assert!((50..150).contains(&asked), "asked {asked} times in 100 s");
    }
}
