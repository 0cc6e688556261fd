//! A thread that does what it is told.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender},
    },
    time::Duration,
};

use super::{
    calls::{self, Next, Waiting, panics},
    script::Step,
    stage::{LONG, Process},
};
use crate::{count::sync::lock, flush::Urgency, metric::Outcome};

/// A thread that does what it is told.
pub(super) struct Actor {
    process: Arc<Process>,
    steps: Receiver<Step>,
    acted: Sender<Result<(), String>>,
    ends: Cell<bool>,
}

impl Actor {
    pub(super) fn new(
        process: &Arc<Process>,
        steps: Receiver<Step>,
        acted: Sender<Result<(), String>>,
    ) -> Self {
        Self {
            process: Arc::clone(process),
            steps,
            acted,
            ends: Cell::new(false),
        }
    }

    pub(super) fn live(self) {
        let process = Arc::clone(&self.process);
        let _inside = process.runtime.enter();
        process.wire.take_lines();
        let _unwound = catch_unwind(AssertUnwindSafe(|| self.act(false)));
        if self.ends.take() {
            let acted = self.acted.clone();
            process.start(self);
            let _stage_is_closed = acted.send(Ok(()));
        }
    }

    /// Does one step after the other until a call has to end, or the thread.
    fn act(&self, in_call: bool) -> Next {
        loop {
            let Ok(step) = self.steps.recv() else {
                return Next::Return(Outcome::Success);
            };
            match step {
                Step::Return(outcome) if in_call => return Next::Return(outcome),
                Step::Panic if in_call => return Next::Panic,
                Step::EndThread => {
                    self.ends.set(true);
                    return if in_call { panics() } else { Next::Wait };
                }
                Step::Call(items) => self.call(items),
                other => self.step(other),
            }
            let result = self.process.surplus();
            let _stage_is_closed = self.acted.send(result);
        }
    }

    fn call(&self, items: Option<u64>) {
        let (site, calls) = (usize::from(items.is_some()), items.unwrap_or(1));
        self.process.began(site, calls);
        let ended = Cell::new(Outcome::Failure);
        let body = || {
            let _stage_is_closed = self.acted.send(Ok(()));
            let next = self.act(true);
            if let Next::Return(outcome) = next {
                ended.set(outcome);
            }
            next
        };
        let _unwound = catch_unwind(AssertUnwindSafe(|| calls::run(items, body)));
        self.process.ended(site, ended.get(), calls);
        if self.ends.get() {
            panics::<()>();
        }
    }

    fn step(&self, step: Step) {
        let process = &self.process;
        match step {
            Step::Make(items) => lock(&process.waiting).push(Waiting::new(items)),
            Step::Poll(which, next) => {
                if let Some(taken) = take(&process.waiting, which) {
                    process.poll(taken, next);
                }
            }
            Step::Drop(which) => {
                if let Some(taken) = take(&process.waiting, which) {
                    process.cancel(taken);
                }
            }
            Step::BeginInvocation => {
                let invocation = process.flusher.invocation("request".to_owned());
                let running = process.flusher.enter(&invocation);
                lock(&process.invocations).push((invocation, running));
            }
            Step::EndInvocation => drop(lock(&process.invocations).pop()),
            Step::Flush { answer, in_time } => {
                process.flush(answer, if in_time { LONG } else { Duration::ZERO });
            }
            Step::GoOn(which, answer) => {
                if let Some(taken) = take(&process.flushes, which) {
                    process.go_on(taken, answer);
                }
            }
            Step::GiveUp(which) => drop(take(&process.flushes, which)),
            Step::Log(works) => process.wire.log_works(works),
            Step::Near => process.flusher.write_out(None, Urgency::Normal),
            Step::Last => process.flusher.write_out(None, Urgency::Final),
            Step::Call(_) | Step::Return(_) | Step::Panic | Step::EndThread => {}
        }
    }
}

fn take<T>(all: &Mutex<Vec<T>>, which: usize) -> Option<T> {
    let mut all = lock(all);
    let at = which.checked_rem(all.len())?;
    Some(all.swap_remove(at))
}
