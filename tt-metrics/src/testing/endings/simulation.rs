//! The simulated process: its threads, its calls and its flushes.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::runtime::{self, Runtime};

use super::{
    calls::{BodyStep, OUTCOMES, PendingCall, SITES},
    script::{Answer, Script, Step, THREADS},
    sink::{self, ScriptedSink},
    worker::Worker,
};
use crate::{
    count::sync::lock,
    flush::{Config, Flusher, OnEmpty, RunningInvocation, Urgency},
    metric::{DimensionSets, Outcome},
    sink::{Delivery, Invocation, SinkKind},
    testing::capture,
};

/// Longer than any script.
pub(super) const LONG: Duration = Duration::from_mins(15);

/// A process and the threads that run the script.
pub(super) struct Simulation {
    process: Arc<Process>,
    threads: Vec<Sender<Step>>,
    done: Receiver<Result<(), String>>,
    running: usize,
    // Its captures give the threads a separate buffer, because other tests run in parallel.
    _runtime: Runtime,
}

pub(super) type Flush = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Process {
    pub(super) flusher: Arc<Flusher<ScriptedSink>>,
    pub(super) sink: ScriptedSink,
    pub(super) runtime: runtime::Handle,
    totals: [CallTotals; SITES.len()],
    pub(super) pending: Mutex<Vec<PendingCall>>,
    pub(super) flushes: Mutex<Vec<Flush>>,
    pub(super) invocations: Mutex<Vec<(Invocation, RunningInvocation<ScriptedSink>)>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// The calls of one function: how many began, and how many ended with each outcome.
#[derive(Debug, Default)]
struct CallTotals {
    began: AtomicU64,
    ended: [AtomicU64; OUTCOMES.len()],
}

/// The calls of one function, and the outcomes that were reported.
#[derive(Debug)]
pub(super) struct Report {
    began: u64,
    ended: [u64; OUTCOMES.len()],
    counted: [u64; OUTCOMES.len()],
}

impl Report {
    /// Checks that calls = success + failure + neutral + interrupted, and that each outcome has the right number, unless a
    /// call ended that was counted as interrupted before.
    pub(super) fn check_totals(&self, script: &Script) -> Result<(), String> {
        let reported: u64 = self.counted.iter().sum();
        if reported != self.began {
            return Err(format!(
                "{reported} calls were reported, {} began",
                self.began
            ));
        }
        let ended = self
            .counted
            .iter()
            .zip(&self.ended)
            .take(OUTCOMES.len() - 1);
        for (outcome, (reported, ended)) in OUTCOMES.iter().zip(ended) {
            if reported > ended || (reported < ended && !script.has_last_moments()) {
                return Err(format!(
                    "{outcome:?} was reported {reported} times, expected {ended}"
                ));
            }
        }
        Ok(())
    }
}

impl Simulation {
    pub(super) fn new(delivery: Delivery) -> Self {
        let runtime = runtime::Builder::new_current_thread()
            .build()
            .expect("builds");
        let buffer = {
            let _inside = runtime.enter();
            capture().buffer()
        };
        let config = Config {
            namespace: "test".to_owned(),
            sink: SinkKind::Emf,
            dimensions: DimensionSets::default(),
            resolution: crate::metric::Resolution::Standard,
            delivery,
            flush_timeout: LONG,
            flush_interval: Duration::ZERO,
            on_empty: OnEmpty::Ignore,
            cold_start_metric: false,
            disabled: false,
        };
        let sink = ScriptedSink::new(delivery);
        let process = Arc::new(Process {
            flusher: Arc::new(Flusher::with_buffer(buffer, config, sink.clone())),
            sink,
            runtime: runtime.handle().clone(),
            totals: Default::default(),
            pending: Mutex::default(),
            flushes: Mutex::default(),
            invocations: Mutex::default(),
            threads: Mutex::default(),
        });
        let (results, done) = mpsc::channel();
        let threads = (0..THREADS).map(|_| {
            let (schedule, steps) = mpsc::channel();
            let process = Arc::clone(&process);
            process.spawn(Worker::new(&process, steps, results.clone()));
            schedule
        });
        Self {
            threads: threads.collect(),
            process,
            done,
            running: 0,
            _runtime: runtime,
        }
    }

    pub(super) fn scheduled(&mut self, thread: usize, step: Step) {
        self.threads[thread].send(step).expect("the thread lives");
        self.running += 1;
    }

    /// Waits until every thread has finished its steps.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        for _ in 0..std::mem::take(&mut self.running) {
            self.done.recv().expect("the threads run")?;
        }
        Ok(())
    }

    /// The last moment, as the signal thread or the watchdog reports it.
    pub(super) fn last_moment(&self) {
        self.process.sink.log_works(true);
        self.process
            .on_new_thread(|process| process.flusher.write_out(None, Urgency::Final));
    }

    /// Ends every call and drops every flush.
    pub(super) fn close(&mut self) {
        self.threads.clear();
        loop {
            let thread = lock(&self.process.threads).pop();
            let Some(thread) = thread else { break };
            thread.join().expect("thread_ends well");
        }
        self.process.on_new_thread(|process| {
            lock(&process.flushes).clear();
            let pending = std::mem::take(&mut *lock(&process.pending));
            for call in pending {
                process.cancel(call);
            }
        });
    }

    /// Flushes successfully.
    pub(super) fn flush(&self) {
        self.process.sink.log_works(true);
        self.process
            .on_new_thread(|process| process.flush(Answer::Accept, LONG));
    }

    pub(super) fn reported(&self, site: usize) -> Report {
        let totals = &self.process.totals[site];
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Report {
            began: read(&totals.began),
            ended: totals.ended.each_ref().map(read),
            counted: OUTCOMES.map(|outcome| self.process.sink.accounted(&metric(site, outcome))),
        }
    }
}

fn metric(site: usize, outcome: Outcome) -> String {
    format!("Ending{}{outcome:?}", SITES[site])
}

impl Process {
    /// Runs a function on a new thread.
    fn on_new_thread(&self, run_steps: impl FnOnce(&Self) + Send) {
        thread::scope(|scope| {
            scope.spawn(|| {
                let _inside = self.runtime.enter();
                self.sink.take_lines();
                run_steps(self);
            });
        });
    }

    pub(super) fn spawn(&self, worker: Worker) {
        let thread = thread::spawn(move || worker.run());
        lock(&self.threads).push(thread);
    }

    pub(super) fn began(&self, site: usize, calls: u64) {
        self.totals[site].began.fetch_add(calls, Ordering::Relaxed);
    }

    pub(super) fn ended(&self, site: usize, outcome: Outcome, calls: u64) {
        let position = OUTCOMES.iter().position(|other| *other == outcome);
        let ended = &self.totals[site].ended[position.expect("is an outcome")];
        ended.fetch_add(calls, Ordering::Relaxed);
    }

    pub(super) fn poll(&self, mut pending: PendingCall, next: BodyStep) {
        if !pending.began {
            pending.began = true;
            self.began(pending.site, pending.items);
        }
        match pending.poll(next) {
            Some(outcome) => self.ended(pending.site, outcome, pending.items),
            None => lock(&self.pending).push(pending),
        }
    }

    pub(super) fn cancel(&self, pending: PendingCall) {
        if pending.began {
            self.ended(pending.site, Outcome::Interrupted, pending.items);
        }
        drop(pending);
    }

    pub(super) fn flush(&self, answer: Answer, budget: Duration) {
        let flusher = Arc::clone(&self.flusher);
        let invocation = lock(&self.invocations).last().map(|(it, _)| it.clone());
        let flush = async move { flusher.flush(invocation.as_ref(), budget).await };
        self.resume(Box::pin(flush), answer);
    }

    pub(super) fn resume(&self, mut flush: Flush, answer: Answer) {
        let mut cx = Context::from_waker(Waker::noop());
        if sink::answering(answer, || flush.as_mut().poll(&mut cx)) == Poll::Pending {
            lock(&self.flushes).push(flush);
        }
    }

    /// Checks that the reported outcomes of each function do not exceed the calls that began.
    pub(super) fn check_surplus(&self) -> Result<(), String> {
        for (site, totals) in self.totals.iter().enumerate() {
            let metrics = OUTCOMES.map(|outcome| metric(site, outcome));
            let reported = self.sink.accounted_by(metrics.iter().map(String::as_str));
            let began = totals.began.load(Ordering::Relaxed);
            if reported > began {
                let name = SITES[site];
                return Err(format!(
                    "{reported} calls of `{name}` were reported, {began} began"
                ));
            }
        }
        Ok(())
    }
}
