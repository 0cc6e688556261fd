//! The breaker: after a request limit no calls for a while, then one to see.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use kinesis_consumer::Clock;

/// The first pause, and the longest: limits of Salesforce roll over 24 hours.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// One for all invocations of the process. Its pauses are in time of day, since the monotonic clock
/// may stand still between invocations.
pub(crate) struct Breaker {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Open {
        until: Timestamp,
        pause: Duration,
    },
    /// One call is on its way to see.
    HalfOpen {
        pause: Duration,
    },
}

/// The right to make one call. Dropped without a word, it says that the call came to nothing.
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    /// Whether this is the one call of a half-open breaker.
    probe: bool,
}

impl Breaker {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::new(State::Closed),
        }
    }

    /// Lets a call pass, or not.
    pub(crate) fn admit(&self) -> Option<Permit<'_>> {
        let mut state = self.state();
        let probe = match *state {
            State::Closed => false,
            State::Open { until, pause } if until <= self.clock.now() => {
                *state = State::HalfOpen { pause };
                true
            }
            State::Open { .. } | State::HalfOpen { .. } => return None,
        };
        Some(Permit {
            breaker: self,
            probe,
        })
    }

    /// Opens, for longer each time in a row.
    pub(crate) fn open(&self) {
        let mut state = self.state();
        let pause = match *state {
            State::Closed => FIRST_PAUSE,
            State::HalfOpen { pause } => (pause * 2).min(LONGEST_PAUSE),
            // Calls that were on their way together hit one and the same limit.
            State::Open { .. } => return,
        };
        *state = self.open_for(pause);
        tracing::warn!(
            seconds = pause.as_secs(),
            "request limit of Salesforce, calls are held back"
        );
    }

    fn open_for(&self, pause: Duration) -> State {
        let span = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        State::Open {
            until: self.clock.now().checked_add(span).unwrap_or(Timestamp::MAX),
            pause,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state is written at once, whatever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The call met no limit.
    pub(crate) fn passed(mut self) {
        if std::mem::take(&mut self.probe) {
            *self.breaker.state() = State::Closed;
        }
    }

    /// The call met a limit.
    pub(crate) fn limited(mut self) {
        self.probe = false;
        self.breaker.open();
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe {
            let mut state = self.breaker.state();
            if let State::HalfOpen { pause } = *state {
                *state = self.breaker.open_for(pause);
            }
        }
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Breaker({:?})", *self.state())
    }
}

#[cfg(test)]
mod tests {
    use kinesis_consumer::simulate;

    use super::*;

    fn in_simulation(work: impl AsyncFnOnce(Clock, Breaker)) {
        simulate(Timestamp::UNIX_EPOCH, async |clock| {
            work(clock, Breaker::new(clock)).await;
        });
    }

    #[test]
    fn after_the_pause_one_call_may_see_and_closes_it() {
        in_simulation(async |clock, breaker| {
            breaker.admit().unwrap().limited();
            clock
                .sleep(FIRST_PAUSE.saturating_sub(Duration::from_secs(1)))
                .await;
            assert!(breaker.admit().is_none());
            clock.sleep(Duration::from_secs(1)).await;
            let probe = breaker.admit().unwrap();
            assert!(breaker.admit().is_none());
            probe.passed();
            assert!(breaker.admit().is_some());
        });
    }

    #[test]
    fn a_probe_that_meets_the_limit_doubles_the_pause_up_to_the_longest() {
        in_simulation(async |clock, breaker| {
            breaker.admit().unwrap().limited();
            for seconds in [30, 60, 120, 240, 480, 600, 600] {
                clock.sleep(Duration::from_secs(seconds - 1)).await;
                assert!(breaker.admit().is_none(), "{seconds}");
                clock.sleep(Duration::from_secs(1)).await;
                breaker.admit().unwrap().limited();
            }
        });
    }

    #[test]
    fn a_probe_that_came_to_nothing_leaves_it_open() {
        in_simulation(async |clock, breaker| {
            breaker.admit().unwrap().limited();
            clock.sleep(FIRST_PAUSE).await;
            drop(breaker.admit());
            assert!(breaker.admit().is_none());
            clock.sleep(FIRST_PAUSE).await;
            assert!(breaker.admit().is_some());
        });
    }

    #[test]
    fn calls_that_meet_the_limit_together_open_it_once() {
        in_simulation(async |clock, breaker| {
            let both = [breaker.admit().unwrap(), breaker.admit().unwrap()];
            both.into_iter().for_each(Permit::limited);
            clock.sleep(FIRST_PAUSE).await;
            assert!(breaker.admit().is_some());
        });
    }

    #[test]
    fn a_call_that_was_on_its_way_before_the_limit_closes_nothing() {
        in_simulation(async |_, breaker| {
            let (early, other) = (breaker.admit().unwrap(), breaker.admit().unwrap());
            other.limited();
            early.passed();
            assert!(breaker.admit().is_none());
        });
    }
}
