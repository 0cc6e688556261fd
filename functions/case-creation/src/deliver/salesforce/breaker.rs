//! The circuit breaker: opens when Salesforce reports a limit of the org, then admits one probe call.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use retry::Clock;

/// The first pause, and the longest one. Limits of Salesforce apply to 24 hours.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// The breaker of all invocations of the process. Its pauses are measured in time of day, because the monotonic clock may
/// stop between invocations.
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
    /// A probe call is in progress.
    HalfOpen {
        pause: Duration,
    },
}

/// The permission to make one call. Dropping it reports that the call had no result.
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    /// Whether this is the probe call.
    probe: bool,
}

impl Breaker {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::new(State::Closed),
        }
    }

    /// Admits a call; `None` when calls are held back.
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

    /// Opens. Each consecutive time doubles the pause.
    pub(crate) fn open(&self) {
        let mut state = self.state();
        let pause = match *state {
            State::Closed => FIRST_PAUSE,
            State::HalfOpen { pause } => (pause * 2).min(LONGEST_PAUSE),
            // Concurrent calls met the same limit.
            State::Open { .. } => return,
        };
        *state = self.open_for(pause);
        tracing::warn!(
            seconds = pause.as_secs(),
            "Salesforce reported a limit of the org, calls are held back"
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
        // A panic cannot leave the state half written.
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
    use simulated_time::simulate;

    use super::*;

    fn in_simulation(work: impl AsyncFnOnce(Clock, Breaker)) {
        simulate(Timestamp::UNIX_EPOCH, async |clock| {
            work(clock, Breaker::new(clock)).await;
        });
    }

    #[test]
    fn after_the_pause_a_successful_probe_closes_it() {
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
    fn a_probe_that_meets_the_limit_doubles_the_pause() {
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
    fn a_probe_without_a_result_leaves_it_open() {
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
    fn concurrent_calls_that_meet_the_limit_open_it_once() {
        in_simulation(async |clock, breaker| {
            let both = [breaker.admit().unwrap(), breaker.admit().unwrap()];
            both.into_iter().for_each(Permit::limited);
            clock.sleep(FIRST_PAUSE).await;
            assert!(breaker.admit().is_some());
        });
    }

    #[test]
    fn a_call_from_before_the_limit_does_not_close_it() {
        in_simulation(async |_, breaker| {
            let (early, other) = (breaker.admit().unwrap(), breaker.admit().unwrap());
            other.limited();
            early.passed();
            assert!(breaker.admit().is_none());
        });
    }
}
