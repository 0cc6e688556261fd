//! Time that passes only when everybody waits for it.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use jiff::Timestamp;

use crate::Clock;

/// The time of a simulation.
#[derive(Debug)]
pub(crate) struct SimulatedTime {
    start: Timestamp,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    elapsed: Duration,
    /// Who waits until when; the number keeps those of the same moment apart, in their order.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    numbers: u64,
}

#[derive(Default)]
struct Woken(AtomicBool);

/// Runs a future to its end in simulated time, which begins at `start` and passes only while the
/// future waits for it. A day of waiting takes no time at all.
///
/// The future must wait for nothing but the clock it is given: no sockets, no other tasks. Each call
/// leaks a few bytes.
///
/// ```
/// use std::time::Duration;
///
/// let start = "2026-01-01T00:00:00Z".parse().unwrap();
/// let end = kinesis_consumer::simulate(start, async |clock| {
///     clock.sleep(Duration::from_secs(86_400)).await;
///     clock.now()
/// });
/// assert_eq!(end.to_string(), "2026-01-02T00:00:00Z");
/// ```
///
/// # Panics
///
/// When the future waits for something else than the clock, since that would never come.
pub fn simulate<T>(start: Timestamp, work: impl AsyncFnOnce(Clock) -> T) -> T {
    // A clock can be copied, as those who wait and tell the time need it to be; so it lives for ever.
    let time: &'static SimulatedTime = Box::leak(Box::new(SimulatedTime {
        start,
        state: Mutex::default(),
    }));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut work = pin!(work(Clock::simulated(time)));
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        let advance = !woken.0.swap(false, Ordering::SeqCst);
        assert!(
            !advance || time.advance(),
            "a simulation waits for something else than its clock"
        );
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl SimulatedTime {
    pub(crate) fn now(&self) -> Timestamp {
        // Saturates only in the year 9999.
        self.start
            .checked_add(self.elapsed())
            .unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    pub(crate) async fn sleep(&self, pause: Duration) {
        let place = {
            let mut state = self.state();
            state.numbers += 1;
            (state.elapsed.saturating_add(pause), state.numbers)
        };
        let _awake = Sleeper { time: self, place };
        poll_fn(|context| {
            let mut state = self.state();
            if state.elapsed >= place.0 {
                return Poll::Ready(());
            }
            state.sleepers.insert(place, context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Goes on to the moment when the next sleeper wakes; false when nobody sleeps.
    fn advance(&self) -> bool {
        let next = {
            let mut state = self.state();
            let Some(((until, _), waker)) = state.sleepers.pop_first() else {
                return false;
            };
            state.elapsed = state.elapsed.max(until);
            waker
        };
        next.wake();
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets a sleeper that is dropped, so that time does not pass for it.
struct Sleeper<'a> {
    time: &'a SimulatedTime,
    place: (Duration, u64),
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.time.state().sleepers.remove(&self.place);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join;

    use super::*;
    use crate::TimedOut;

    const SECOND: Duration = Duration::from_secs(1);

    fn in_simulation<T>(work: impl AsyncFnOnce(Clock) -> T) -> T {
        simulate(Timestamp::UNIX_EPOCH, work)
    }

    #[test]
    fn those_who_sleep_at_once_wake_in_the_order_of_their_times() {
        in_simulation(async |clock| {
            let sleep = async |seconds| {
                clock.sleep(seconds * SECOND).await;
                clock.monotonic()
            };
            assert_eq!(join(sleep(3), sleep(2)).await, (3 * SECOND, 2 * SECOND));
        });
    }

    #[test]
    fn a_timeout_ends_what_takes_longer_and_leaves_no_sleeper() {
        in_simulation(async |clock| {
            let short = clock.timeout(SECOND, clock.sleep(100 * SECOND)).await;
            assert_eq!(short, Err(TimedOut));
            assert_eq!(
                clock.timeout(100 * SECOND, clock.sleep(SECOND)).await,
                Ok(())
            );
            clock.sleep(SECOND).await;
            assert_eq!(clock.monotonic(), 3 * SECOND);
        });
    }

    #[test]
    #[should_panic(expected = "something else than its clock")]
    fn waiting_for_what_never_comes_is_noticed() {
        in_simulation(async |_| std::future::pending::<()>().await);
    }
}
