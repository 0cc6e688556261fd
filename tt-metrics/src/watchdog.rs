//! A thread that flushes shortly before a deadline, also while the handler blocks every other thread.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use crate::{sink::Invocation, sync::lock};

/// How long before the deadline the watchdog fires: enough for one write and for Lambda to pick the line up.
const MARGIN: Duration = Duration::from_millis(250);
/// How often it looks for more counts after it fired, until the invocation ends or is ended.
const REPEAT: Duration = Duration::from_millis(20);

/// The thread and what it watches.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
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
    fire_at: SystemTime,
    fired: bool,
}

/// Disarms when it is dropped: a frozen environment must not wake up to an old deadline.
#[derive(Debug)]
pub(crate) struct Armed {
    shared: Arc<Shared>,
    id: Option<u64>,
}

impl Watchdog {
    /// Starts the thread; `fire` gets the invocation and whether it is the first time for it.
    ///
    /// Without a thread (a limit of the system) nothing is watched, and metrics go on.
    pub(crate) fn start(fire: impl Fn(&Invocation, bool) + Send + 'static) -> Self {
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

    /// Watches an invocation until the guard is dropped; a deadline in the past is one that is not known.
    pub(crate) fn arm(&self, invocation: Invocation, deadline: SystemTime) -> Armed {
        let left = deadline.duration_since(SystemTime::now());
        let id = left.ok().map(|left| {
            let fire_at = deadline - MARGIN.min(left / 2);
            let mut state = lock(&self.shared.state);
            let id = state.next_id;
            state.next_id += 1;
            state.watched.insert(
                id,
                Watched {
                    invocation,
                    fire_at,
                    fired: false,
                },
            );
            id
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

impl Drop for Armed {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            lock(&self.shared.state).watched.remove(&id);
        }
    }
}

impl Shared {
    fn watch(&self, fire: impl Fn(&Invocation, bool)) {
        let mut state = lock(&self.state);
        while !state.stopped {
            let now = SystemTime::now();
            let due = state
                .watched
                .values_mut()
                .find(|watched| watched.fire_at <= now);
            if let Some(watched) = due {
                let first = !std::mem::replace(&mut watched.fired, true);
                watched.fire_at = now + REPEAT;
                // Fired under the lock: disarming waits, so no line is written for an invocation that has ended.
                fire(&watched.invocation, first);
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

    fn invocation(request_id: &str) -> Invocation {
        Invocation {
            request_id: request_id.to_owned(),
            cold_start: false,
        }
    }

    fn watchdog() -> (Watchdog, mpsc::Receiver<(String, bool)>) {
        let (fired, receiver) = mpsc::channel();
        let watchdog = Watchdog::start(move |invocation, first| {
            let _ = fired.send((invocation.request_id.clone(), first));
        });
        (watchdog, receiver)
    }

    #[test]
    fn it_fires_before_the_deadline_and_again_until_disarmed() {
        let (watchdog, fired) = watchdog();
        let deadline = SystemTime::now() + MARGIN + Duration::from_millis(30);
        let armed = watchdog.arm(invocation("a"), deadline);
        assert_eq!(fired.recv(), Ok(("a".to_owned(), true)));
        assert!(SystemTime::now() < deadline);
        assert_eq!(fired.recv(), Ok(("a".to_owned(), false)));
        drop(armed);
        drop(watchdog);
        while fired.recv().is_ok() {}
    }

    #[test]
    fn a_disarmed_or_unknown_deadline_does_not_fire() {
        let (watchdog, fired) = watchdog();
        let soon = SystemTime::now() + MARGIN + Duration::from_millis(30);
        let unknown = watchdog.arm(invocation("unknown"), SystemTime::UNIX_EPOCH);
        drop(watchdog.arm(invocation("disarmed"), soon));
        let last = watchdog.arm(invocation("last"), soon + Duration::from_millis(30));
        assert_eq!(fired.recv(), Ok(("last".to_owned(), true)));
        drop((unknown, last));
    }
}
