//! A thread that flushes shortly before a deadline, also while the handler blocks every other thread.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use crate::{count::sync::lock, sink::Invocation};

/// How long before the deadline the watchdog fires, at least: enough for one write and for Lambda to pick the line up.
const MARGIN: Duration = Duration::from_millis(250);
/// And at least this part of the time that the invocation has, where clocks and scheduling matter more.
const MARGIN_PART: u32 = 50;
/// How long before the deadline nothing can be waited for any more.
const LAST: Duration = Duration::from_millis(100);
/// The same while a flush runs, which ends by itself before.
const LAST_OF_FLUSH: Duration = Duration::from_millis(40);
/// How often it looks for more counts after it fired, until the invocation ends or is ended.
const REPEAT: Duration = Duration::from_millis(5);

/// The thread and what it watches.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
}

/// What the watchdog says about an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// The deadline is near while the handler runs; once an invocation.
    Near,
    /// It is still near.
    Again,
    /// It is so near that nothing will come after this but the same.
    Last,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
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

/// Disarms when it is dropped: a frozen environment must not wake up to an old deadline.
#[derive(Debug)]
pub(crate) struct Armed {
    shared: Arc<Shared>,
    id: Option<u64>,
}

impl Watchdog {
    /// Starts the thread, which hands each alarm to `fire`.
    ///
    /// Without a thread (a limit of the system) nothing is watched, and metrics go on.
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

    /// Watches an invocation until the guard is dropped, if its deadline is known and lies ahead.
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
    /// The handler has ended in time, and the flush begins, which has the deadline in its own budget.
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
    /// The alarm that is due, after which the next one is.
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
                    // Fired under the lock: disarming waits, so no line is written for an invocation that has ended.
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
        state: MutexGuard<'a, State>,
        time: Option<Duration>,
    ) -> MutexGuard<'a, State> {
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
    fn it_is_near_once_and_then_again_until_nothing_can_be_waited_for() {
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
                    .expect("lies ahead");
            let apart = fires.duration_since(now).expect("lies ahead");
            // A part of a time that is a little shorter when it is looked at.
            assert!(
                apart <= margin && apart + SECOND / 10 > margin,
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
