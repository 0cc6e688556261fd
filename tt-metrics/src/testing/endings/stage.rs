//! The threads that play a script, and what they have done.

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
    actor::Actor,
    calls::{Next, OUTCOMES, SITES, Waiting},
    script::{Answer, Script, Step, THREADS},
    wire::{self, Wire},
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

/// Threads, and the process that they are of.
pub(super) struct Stage {
    process: Arc<Process>,
    threads: Vec<Sender<Step>>,
    done: Receiver<Result<(), String>>,
    under_way: usize,
    // The threads count into a buffer of its own, since other tests run at once.
    _runtime: Runtime,
}

pub(super) type Flush = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Process {
    pub(super) flusher: Arc<Flusher<Wire>>,
    pub(super) wire: Wire,
    pub(super) runtime: runtime::Handle,
    did: [Did; SITES.len()],
    pub(super) waiting: Mutex<Vec<Waiting>>,
    pub(super) flushes: Mutex<Vec<Flush>>,
    pub(super) invocations: Mutex<Vec<(Invocation, RunningInvocation<Wire>)>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What became of the calls of one function.
#[derive(Debug, Default)]
struct Did {
    began: AtomicU64,
    ended: [AtomicU64; OUTCOMES.len()],
}

/// What became of the calls of one function, and what was told of it.
#[derive(Debug)]
pub(super) struct Told {
    began: u64,
    ended: [u64; OUTCOMES.len()],
    counted: [u64; OUTCOMES.len()],
}

impl Told {
    /// calls = success + failure + neutral + interrupted, and each of them is what happened, unless a call ended that
    /// was told as interrupted before.
    pub(super) fn in_full(&self, script: &Script) -> Result<(), String> {
        let told: u64 = self.counted.iter().sum();
        if told != self.began {
            return Err(format!("{told} calls are told, {} began", self.began));
        }
        let ended = self
            .counted
            .iter()
            .zip(&self.ended)
            .take(OUTCOMES.len() - 1);
        for (outcome, (told, ended)) in OUTCOMES.iter().zip(ended) {
            if told > ended || (told < ended && !script.has_last_moments()) {
                return Err(format!("{outcome:?} is told {told} times, and was {ended}"));
            }
        }
        Ok(())
    }
}

impl Stage {
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
        let wire = Wire::new(delivery);
        let process = Arc::new(Process {
            flusher: Arc::new(Flusher::with_buffer(buffer, config, wire.clone())),
            wire,
            runtime: runtime.handle().clone(),
            did: Default::default(),
            waiting: Mutex::default(),
            flushes: Mutex::default(),
            invocations: Mutex::default(),
            threads: Mutex::default(),
        });
        let (acted, done) = mpsc::channel();
        let threads = (0..THREADS).map(|_| {
            let (cues, steps) = mpsc::channel();
            let process = Arc::clone(&process);
            process.start(Actor::new(&process, steps, acted.clone()));
            cues
        });
        Self {
            threads: threads.collect(),
            process,
            done,
            under_way: 0,
            _runtime: runtime,
        }
    }

    pub(super) fn cue(&mut self, thread: usize, step: Step) {
        self.threads[thread].send(step).expect("the thread lives");
        self.under_way += 1;
    }

    /// Waits until every thread has done what it was told.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        for _ in 0..std::mem::take(&mut self.under_way) {
            self.done.recv().expect("the threads live")?;
        }
        Ok(())
    }

    /// The signal thread, or the watchdog, at a moment after which nothing comes.
    pub(super) fn last_moment(&self) {
        self.process.wire.log_works(true);
        self.process
            .apart(|process| process.flusher.write_out(None, Urgency::Final));
    }

    /// Ends every call and gives every flush up.
    pub(super) fn close(&mut self) {
        self.threads.clear();
        loop {
            let thread = lock(&self.process.threads).pop();
            let Some(thread) = thread else { break };
            thread.join().expect("ends well");
        }
        self.process.apart(|process| {
            lock(&process.flushes).clear();
            let waiting = std::mem::take(&mut *lock(&process.waiting));
            for call in waiting {
                process.cancel(call);
            }
        });
    }

    /// A flush that succeeds.
    pub(super) fn flush(&self) {
        self.process.wire.log_works(true);
        self.process
            .apart(|process| process.flush(Answer::Accept, LONG));
    }

    pub(super) fn told(&self, site: usize) -> Told {
        let did = &self.process.did[site];
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Told {
            began: read(&did.began),
            ended: did.ended.each_ref().map(read),
            counted: OUTCOMES.map(|outcome| self.process.wire.accounted(&metric(site, outcome))),
        }
    }
}

fn metric(site: usize, outcome: Outcome) -> String {
    format!("Ending{}{outcome:?}", SITES[site])
}

impl Process {
    /// Acts on a thread of its own.
    fn apart(&self, act: impl FnOnce(&Self) + Send) {
        thread::scope(|scope| {
            scope.spawn(|| {
                let _inside = self.runtime.enter();
                self.wire.take_lines();
                act(self);
            });
        });
    }

    pub(super) fn start(&self, actor: Actor) {
        let thread = thread::spawn(move || actor.live());
        lock(&self.threads).push(thread);
    }

    pub(super) fn began(&self, site: usize, calls: u64) {
        self.did[site].began.fetch_add(calls, Ordering::Relaxed);
    }

    pub(super) fn ended(&self, site: usize, outcome: Outcome, calls: u64) {
        let position = OUTCOMES.iter().position(|other| *other == outcome);
        let ended = &self.did[site].ended[position.expect("is an outcome")];
        ended.fetch_add(calls, Ordering::Relaxed);
    }

    pub(super) fn poll(&self, mut waiting: Waiting, next: Next) {
        if !waiting.began {
            waiting.began = true;
            self.began(waiting.site, waiting.items);
        }
        match waiting.poll(next) {
            Some(outcome) => self.ended(waiting.site, outcome, waiting.items),
            None => lock(&self.waiting).push(waiting),
        }
    }

    pub(super) fn cancel(&self, waiting: Waiting) {
        if waiting.began {
            self.ended(waiting.site, Outcome::Interrupted, waiting.items);
        }
        drop(waiting);
    }

    pub(super) fn flush(&self, answer: Answer, budget: Duration) {
        let flusher = Arc::clone(&self.flusher);
        let invocation = lock(&self.invocations).last().map(|(it, _)| it.clone());
        let flush = async move { flusher.flush(invocation.as_ref(), budget).await };
        self.go_on(Box::pin(flush), answer);
    }

    pub(super) fn go_on(&self, mut flush: Flush, answer: Answer) {
        let mut cx = Context::from_waker(Waker::noop());
        if wire::answering(answer, || flush.as_mut().poll(&mut cx)) == Poll::Pending {
            lock(&self.flushes).push(flush);
        }
    }

    /// What is told of a function is never more than what began.
    pub(super) fn surplus(&self) -> Result<(), String> {
        for (site, did) in self.did.iter().enumerate() {
            let metrics = OUTCOMES.map(|outcome| metric(site, outcome));
            let told = self.wire.accounted_by(metrics.iter().map(String::as_str));
            let began = did.began.load(Ordering::Relaxed);
            if told > began {
                let name = SITES[site];
                return Err(format!("{told} calls of `{name}` are told, {began} began"));
            }
        }
        Ok(())
    }
}
