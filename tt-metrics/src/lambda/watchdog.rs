//! The watchdog: a thread that flushes shortly before a deadline, also while the handler blocks every other thread.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use crate::{count::sync::lock, sink::Invocation};

/// The least time before the deadline at which the watchdog fires: enough for one write, and for Lambda to read the line.
const MARGIN: Duration = Duration::from_millis(250);
/// The part of the time of a long invocation at which the watchdog fires before the deadline, because differences of the
/// clocks and delays of the scheduler are larger there.
const MARGIN_PART: u32 = 50;
/// The time before the deadline from which the process may end at any moment.
const LAST: Duration = Duration::from_millis(100);
/// The same while a flush runs, whose own budget ends earlier.
const LAST_OF_FLUSH: Duration = Duration::from_millis(40);
/// The interval at which it writes further counts after it fired, until the invocation ends.
const REPEAT: Duration = Duration::from_millis(5);

/// The thread and the invocations that it watches.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
}

/// The reason for which the watchdog fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// The deadline is near while the handler runs. It fires once for each invocation.
    Near,
    /// The deadline is still near.
    Again,
    /// The deadline is so near that the process may end before the next alarm.
    Last,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<WatchState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct WatchState {
    next_id: u64,
    watched: BTreeMap<u64, Watched>,
    stopped: bool,
}

#[derive(Debug)]
struct Watched {
    invocation: Invocation,
    deadline: SystemTime,
    fire_at: SystemTime,
    last: Duration,
    alarm: Alarm,
}

/// Disarms the watchdog when it is dropped: an environment that was frozen must not resume with an old deadline.
#[derive(Debug)]
pub(crate) struct Armed {
    shared: Arc<Shared>,
    id: Option<u64>,
}

impl Watchdog {
    /// Starts the thread, which calls `fire` for each alarm.
    ///
    /// Where the system has no more threads, nothing is watched, and metrics work otherwise.
    pub(crate) fn start(fire: impl Fn(&Invocation, Alarm) + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let started = thread::Builder::new()
            .name("tt-metrics-watchdog".to_owned())
            .spawn(move || seen.watch(fire));
        if let Err(error) = started {
            tracing::warn!(%error, "metrics are not flushed before a timeout");
        }
        Self { shared }
    }

    /// Watches an invocation until the guard is dropped, if its deadline is known and in the future.
    pub(crate) fn arm(&self, invocation: Invocation, deadline: Option<SystemTime>) -> Armed {
        let id = deadline.and_then(|deadline| {
            let left = deadline.duration_since(SystemTime::now()).ok()?;
            let margin = MARGIN.max(left / MARGIN_PART).min(left / 2);
            let watched = Watched {
                invocation,
                deadline,
                fire_at: deadline - margin,
                last: LAST.min(margin / 2),
                alarm: Alarm::Near,
            };
            let mut state = lock(&self.shared.state);
            let id = state.next_id;
            state.next_id += 1;
            state.watched.insert(id, watched);
            Some(id)
        });
        self.shared.changed.notify_one();
        Armed {
            shared: Arc::clone(&self.shared),
            id,
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        lock(&self.shared.state).stopped = true;
        self.shared.changed.notify_one();
    }
}

impl Armed {
    /// Records that the handler has ended in time and the flush begins, whose budget ends before the deadline.
    pub(crate) fn flushing(&self) {
        let mut state = lock(&self.shared.state);
        let watched = self.id.and_then(|id| state.watched.get_mut(&id));
        if let Some(watched) = watched {
            watched.alarm = Alarm::Again;
            watched.last = LAST_OF_FLUSH.min(watched.last);
        }
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            lock(&self.shared.state).watched.remove(&id);
        }
    }
}

impl Watched {
    /// The alarm that is due; it schedules the next one.
    fn due(&mut self, now: SystemTime) -> Option<Alarm> {
        if now < self.fire_at {
            return None;
        }
        if self.alarm == Alarm::Near {
            self.alarm = Alarm::Again;
            return Some(Alarm::Near);
        }
        self.fire_at = now + REPEAT;
        let is_last = now + self.last >= self.deadline;
        Some(if is_last { Alarm::Last } else { Alarm::Again })
    }
}

impl Shared {
    fn watch(&self, fire: impl Fn(&Invocation, Alarm)) {
        let mut state = lock(&self.state);
        while !state.stopped {
            let now = SystemTime::now();
            let mut fired = false;
            for watched in state.watched.values_mut() {
                if let Some(alarm) = watched.due(now) {
                    // It fires under the lock, so that disarming waits for it, and no line is written for an
                    // invocation that has ended.
                    fire(&watched.invocation, alarm);
                    fired = true;
                }
            }
            if fired {
                continue;
            }
            let next = state.watched.values().map(|watched| watched.fire_at).min();
            state = self.wait(state, next.and_then(|next| next.duration_since(now).ok()));
        }
    }

    fn wait<'a>(
        &'a self,
        state: MutexGuard<'a, WatchState>,
        time: Option<Duration>,
    ) -> MutexGuard<'a, WatchState> {
        match time {
            None => self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(time) => {
                let waited = self.changed.wait_timeout(state, time);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn invocation(request_id: &str) -> Invocation {
        Invocation {
            request_id: request_id.to_owned(),
            cold_start: false,
        }
    }

    fn watchdog() -> (Watchdog, mpsc::Receiver<(String, Alarm)>) {
        let (fired, receiver) = mpsc::channel();
        let watchdog = Watchdog::start(move |invocation, alarm| {
            let _ = fired.send((invocation.request_id.clone(), alarm));
        });
        (watchdog, receiver)
    }

    #[test]
    fn it_fires_before_the_deadline_and_again_until_disarmed() {
        let (watchdog, fired) = watchdog();
        let deadline = SystemTime::now() + MARGIN + Duration::from_millis(30);
        let armed = watchdog.arm(invocation("a"), Some(deadline));
        assert_eq!(fired.recv(), Ok(("a".to_owned(), Alarm::Near)));
        let others = fired.iter().map(|(_, alarm)| alarm);
        let early = others.take_while(|alarm| *alarm != Alarm::Last);
        assert!(early.into_iter().all(|alarm| alarm == Alarm::Again));
        drop(armed);
        drop(watchdog);
        while fired.recv().is_ok() {}
    }

    #[test]
    fn the_alarms_are_near_once_then_again_and_last() {
        let fire_at = SystemTime::UNIX_EPOCH + SECOND;
        let mut watched = Watched {
            invocation: invocation("a"),
            deadline: fire_at + MARGIN,
            fire_at,
            last: LAST,
            alarm: Alarm::Near,
        };
        let instant = Duration::from_nanos(1);
        let last = fire_at + MARGIN - LAST;
        let due = [
            fire_at - instant,
            fire_at,
            fire_at,
            fire_at + instant,
            fire_at + REPEAT,
            last - instant,
            last + REPEAT,
        ]
        .map(|now| watched.due(now));
        let [near, again, last] = [Alarm::Near, Alarm::Again, Alarm::Last].map(Some);
        assert_eq!(due, [None, near, again, None, again, again, last]);
    }

    #[test]
    fn the_margin_grows_with_the_timeout_and_is_never_all_of_it() {
        let now = SystemTime::now();
        for (timeout, margin) in [
            (SECOND * 60, SECOND * 60 / 50),
            (SECOND, MARGIN),
            (SECOND / 5, SECOND / 10),
        ] {
            let watchdog = Watchdog {
                shared: Arc::default(),
            };
            let _armed = watchdog.arm(invocation("a"), Some(now + timeout));
            let state = lock(&watchdog.shared.state);
            let fires = now + timeout
                - state.watched[&0]
                    .fire_at
                    .duration_since(now)
                    .expect("is in the future");
            let remaining = fires.duration_since(now).expect("is in the future");
            assert!(
                remaining <= margin && remaining + SECOND / 10 > margin,
                "{timeout:?}"
            );
        }
    }

    #[test]
    fn a_handler_that_ended_is_not_near_its_deadline() {
        let (watchdog, fired) = watchdog();
        let deadline = SystemTime::now() + MARGIN + Duration::from_secs(1);
        let armed = watchdog.arm(invocation("a"), Some(deadline));
        armed.flushing();
        assert_eq!(fired.recv(), Ok(("a".to_owned(), Alarm::Again)));
    }

    #[test]
    fn a_disarmed_or_unknown_deadline_does_not_fire() {
        let (watchdog, fired) = watchdog();
        let soon = SystemTime::now() + MARGIN + Duration::from_millis(30);
        let past = watchdog.arm(invocation("past"), Some(SystemTime::UNIX_EPOCH));
        let unknown = watchdog.arm(invocation("unknown"), None);
        drop(watchdog.arm(invocation("disarmed"), Some(soon)));
        let last = soon + Duration::from_millis(30);
        let last = watchdog.arm(invocation("last"), Some(last));
        assert_eq!(fired.recv(), Ok(("last".to_owned(), Alarm::Near)));
        drop((past, unknown, last));
    }
}
