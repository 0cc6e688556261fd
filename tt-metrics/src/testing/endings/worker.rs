//! A thread that runs its steps of the script.

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
    calls::{self, BodyStep, PendingCall, panics},
    script::Step,
    simulation::{LONG, Process},
};
use crate::{count::sync::lock, flush::Urgency, metric::Outcome};

/// A thread that runs its steps of the script.
pub(super) struct Worker {
    process: Arc<Process>,
    steps: Receiver<Step>,
    results: Sender<Result<(), String>>,
    thread_ends: Cell<bool>,
}

impl Worker {
    pub(super) fn new(
        process: &Arc<Process>,
        steps: Receiver<Step>,
        results: Sender<Result<(), String>>,
    ) -> Self {
        Self {
            process: Arc::clone(process),
            steps,
            results,
            thread_ends: Cell::new(false),
        }
    }

    pub(super) fn run(self) {
        let process = Arc::clone(&self.process);
        let _inside = process.runtime.enter();
        process.sink.take_lines();
        let _unwound = catch_unwind(AssertUnwindSafe(|| self.run_steps(false)));
        if self.thread_ends.take() {
            let results = self.results.clone();
            process.spawn(self);
            let _simulation_is_closed = results.send(Ok(()));
        }
    }

    /// Runs steps until a call or the thread has to end.
    fn run_steps(&self, in_call: bool) -> BodyStep {
        loop {
            let Ok(step) = self.steps.recv() else {
                return BodyStep::Return(Outcome::Success);
            };
            match step {
                Step::Return(outcome) if in_call => return BodyStep::Return(outcome),
                Step::Panic if in_call => return BodyStep::Panic,
                Step::EndThread => {
                    self.thread_ends.set(true);
                    return if in_call { panics() } else { BodyStep::Wait };
                }
                Step::Call(items) => self.call(items),
                other => self.step(other),
            }
            let result = self.process.check_surplus();
            let _simulation_is_closed = self.results.send(result);
        }
    }

    fn call(&self, items: Option<u64>) {
        let (site, calls) = (usize::from(items.is_some()), items.unwrap_or(1));
        self.process.began(site, calls);
        let ended = Cell::new(Outcome::Failure);
        let body = || {
            let _simulation_is_closed = self.results.send(Ok(()));
            let next = self.run_steps(true);
            if let BodyStep::Return(outcome) = next {
                ended.set(outcome);
            }
            next
        };
        let _unwound = catch_unwind(AssertUnwindSafe(|| calls::run(items, body)));
        self.process.ended(site, ended.get(), calls);
        if self.thread_ends.get() {
            panics::<()>();
        }
    }

    fn step(&self, step: Step) {
        let process = &self.process;
        match step {
            Step::Make(items) => lock(&process.pending).push(PendingCall::new(items)),
            Step::Poll(which, next) => {
                if let Some(taken) = take(&process.pending, which) {
                    process.poll(taken, next);
                }
            }
            Step::Drop(which) => {
                if let Some(taken) = take(&process.pending, which) {
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
            Step::Resume(which, answer) => {
                if let Some(taken) = take(&process.flushes, which) {
                    process.resume(taken, answer);
                }
            }
            Step::DropFlush(which) => drop(take(&process.flushes, which)),
            Step::Log(works) => process.sink.log_works(works),
            Step::DeadlineNear => process.flusher.write_out(None, Urgency::Normal),
            Step::LastMoment => process.flusher.write_out(None, Urgency::Final),
            Step::Call(_) | Step::Return(_) | Step::Panic | Step::EndThread => {}
        }
    }
}

fn take<T>(all: &Mutex<Vec<T>>, which: usize) -> Option<T> {
    let mut all = lock(all);
    let at = which.checked_rem(all.len())?;
    Some(all.swap_remove(at))
}
