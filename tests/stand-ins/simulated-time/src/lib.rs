//! A clock for tests whose time passes only while all tasks wait for it.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use jiff::Timestamp;
use retry::{Clock, Time};

#[derive(Debug)]
struct SimulatedTime {
    start: Timestamp,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    elapsed: Duration,
    /// Wakers by the time at which they wake; the number orders those of the same time.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    last_number: u64,
}

#[derive(Default)]
struct WakeFlag(AtomicBool);

/// Removes a dropped sleep, so that time does not pass for it.
struct Sleep<'a> {
    time: &'a SimulatedTime,
    key: (Duration, u64),
}

/// Runs a future to its end in simulated time, which begins at `start` and passes only while the future waits for it. A
/// day of waiting takes no time.
///
/// The future must wait for nothing but its clock: no sockets, no other tasks. Each call leaks a few bytes.
///
/// ```
/// use std::time::Duration;
///
/// let start = "2026-01-01T00:00:00Z".parse().unwrap();
/// let end = simulated_time::simulate(start, async |clock| {
///     clock.sleep(Duration::from_secs(86_400)).await;
///     clock.now()
/// });
/// assert_eq!(end.to_string(), "2026-01-02T00:00:00Z");
/// ```
///
/// # Panics
///
/// When the future waits for something other than the clock, because that would never complete.
pub fn simulate<T>(start: Timestamp, work: impl AsyncFnOnce(Clock) -> T) -> T {
    // A clock is `Copy`, so its time must be `'static`.
    let time: &'static SimulatedTime = Box::leak(Box::new(SimulatedTime {
        start,
        state: Mutex::default(),
    }));
    let flag = Arc::new(WakeFlag::default());
    let waker = Waker::from(Arc::clone(&flag));
    let mut work = pin!(work(Clock::new(time)));
    loop {
        if let Poll::Ready(output) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let must_advance = !flag.0.swap(false, Ordering::SeqCst);
        assert!(
            !must_advance || time.advance(),
            "a simulation waits for something other than its clock"
        );
    }
}

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Time for SimulatedTime {
    fn now(&self) -> Timestamp {
        // Saturates only in the year 9999.
        self.start
            .checked_add(self.monotonic())
            .unwrap_or(Timestamp::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.state().elapsed
    }

    fn sleep(&self, pause: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let key = {
                let mut state = self.state();
                state.last_number += 1;
                (state.elapsed.saturating_add(pause), state.last_number)
            };
            let _sleep = Sleep { time: self, key };
            poll_fn(|context| {
                let mut state = self.state();
                if state.elapsed >= key.0 {
                    return Poll::Ready(());
                }
                state.sleepers.insert(key, context.waker().clone());
                Poll::Pending
            })
            .await;
        })
    }
}

impl SimulatedTime {
    /// Advances to the time at which the next sleep ends; false when there is none.
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

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        self.time.state().sleepers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join;
    use retry::TimedOut;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn in_simulation<T>(work: impl AsyncFnOnce(Clock) -> T) -> T {
        simulate(Timestamp::UNIX_EPOCH, work)
    }

    #[test]
    fn simultaneous_sleeps_end_in_the_order_of_their_times() {
        in_simulation(async |clock| {
            let sleep = async |seconds| {
                clock.sleep(seconds * SECOND).await;
                clock.monotonic()
            };
            assert_eq!(join(sleep(3), sleep(2)).await, (3 * SECOND, 2 * SECOND));
        });
    }

    #[test]
    fn a_timeout_ends_longer_work_and_removes_its_sleep() {
        in_simulation(async |clock| {
            let short = clock.timeout(SECOND, clock.sleep(100 * SECOND)).await;
            assert_eq!(short, Err(TimedOut));
            let long = clock.timeout(100 * SECOND, clock.sleep(SECOND)).await;
            assert_eq!(long, Ok(()));
            clock.sleep(SECOND).await;
            assert_eq!(clock.monotonic(), 3 * SECOND);
        });
    }

    #[test]
    #[should_panic(expected = "something other than its clock")]
    fn waiting_for_anything_else_panics() {
        in_simulation(async |_| std::future::pending::<()>().await);
    }
}
