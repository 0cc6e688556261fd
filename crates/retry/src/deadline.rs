//! The deadline of an invocation, and the earlier deadlines derived from it.

use std::time::{Duration, Instant, SystemTime};

use crate::{Clock, TimedOut};

/// The time at which an invocation, or one phase of it, must end; unlimited when it is unknown.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    clock: Clock,
    /// Monotonic time at which the invocation began.
    begin: Duration,
    /// Monotonic time at which the phase ends.
    end: Option<Duration>,
}

/// The part of the time limit that is kept free at the end: `1 / divisor` of it, at least `min` and at most `max`, but
/// never more than half of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin {
    /// Divides the time limit.
    pub divisor: u32,
    /// The smallest margin.
    pub min: Duration,
    /// The largest margin.
    pub max: Duration,
}

impl Deadline {
    /// Returns the deadline of an invocation that begins now and that Lambda ends at `end`.
    ///
    /// A time in the past counts as unknown, because some local runtimes send invalid deadlines.
    pub fn at(end: SystemTime, clock: Clock) -> Self {
        let end = end.duration_since(SystemTime::UNIX_EPOCH);
        let now = clock.now().as_duration();
        let now = Duration::try_from(now).unwrap_or_default();
        Self::after(end.unwrap_or_default().saturating_sub(now), clock)
    }

    /// Returns a deadline `left` from now; zero counts as unknown.
    pub fn after(left: Duration, clock: Clock) -> Self {
        let begin = clock.monotonic();
        Self {
            clock,
            begin,
            end: (!left.is_zero()).then(|| begin.saturating_add(left)),
        }
    }

    /// Returns a deadline that never ends.
    pub fn unknown(clock: Clock) -> Self {
        Self::after(Duration::ZERO, clock)
    }

    /// Returns this deadline, or one `left` from now when it is unknown.
    #[must_use]
    pub fn or_after(self, left: Duration) -> Self {
        match self.end {
            Some(_) => self,
            None => Self::after(left, self.clock),
        }
    }

    /// Returns the earlier one of this deadline and one `limit` from now.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        let latest = self.clock.monotonic().saturating_add(limit);
        Self {
            end: Some(self.end.map_or(latest, |end| end.min(latest))),
            ..self
        }
    }

    /// Returns the earlier deadline that keeps `margin` of the whole time limit free.
    #[must_use]
    pub fn minus(self, margin: Margin) -> Self {
        let shorten = |end: Duration| {
            let limit = end.saturating_sub(self.begin);
            end.saturating_sub(margin.of(limit))
        };
        Self {
            end: self.end.map(shorten),
            ..self
        }
    }

    /// Returns the time from the begin of the invocation to this deadline.
    pub fn limit(self) -> Option<Duration> {
        self.end.map(|end| end.saturating_sub(self.begin))
    }

    /// Returns the time from now to this deadline; `None` when it is unknown.
    pub fn remaining(self) -> Option<Duration> {
        let end = self.end?;
        Some(end.saturating_sub(self.clock.monotonic()))
    }

    /// Reports whether the deadline has passed.
    pub fn has_passed(self) -> bool {
        self.remaining().is_some_and(|left| left.is_zero())
    }

    /// Returns a time limit for one of several pending operations: half of the remaining time, and at most `max`. An
    /// operation that hangs leaves time for the others.
    pub fn share(self, max: Duration) -> Duration {
        self.remaining().map_or(max, |left| (left / 2).min(max))
    }

    /// Returns the deadline as a point of the machine's time.
    pub fn instant(self) -> Option<Instant> {
        Instant::now().checked_add(self.remaining()?)
    }

    /// Runs `work` until the deadline.
    ///
    /// # Errors
    ///
    /// When the deadline passes first; the work is dropped then.
    pub async fn run<T>(self, work: impl Future<Output = T>) -> Result<T, TimedOut> {
        match self.remaining() {
            Some(left) => self.clock.timeout(left, work).await,
            None => Ok(work.await),
        }
    }
}

impl Margin {
    /// Returns a margin of the same length for every time limit of at least twice that length.
    pub const fn fixed(length: Duration) -> Self {
        Self {
            divisor: u32::MAX,
            min: length,
            max: length,
        }
    }

    /// Returns the margin of this time limit.
    pub fn of(self, limit: Duration) -> Duration {
        (limit / self.divisor.max(1))
            .max(self.min)
            .min(self.max)
            .min(limit / 2)
    }
}
