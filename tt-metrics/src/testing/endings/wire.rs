//! A sink that answers as a script says, and a log: what arrived, or may have.

use std::{
    cell::Cell,
    collections::BTreeMap,
    future::poll_fn,
    io,
    panic::resume_unwind,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use super::script::Answer;
use crate::{
    count::sync::lock,
    metric::Value,
    sink::{Batch, Delivery, EmitError, Packing, Sink, SinkResult, emf},
};

type Counts = BTreeMap<String, u64>;

thread_local! {
    static ANSWER: Cell<Answer> = const { Cell::new(Answer::Accept) };
}

/// Lets the sink answer in this way while this thread polls.
pub(super) fn answering<T>(answer: Answer, poll: impl FnOnce() -> T) -> T {
    ANSWER.set(answer);
    poll()
}

/// What the sink and the log have seen; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Wire(Arc<State>);

#[derive(Debug)]
struct State {
    delivery: Delivery,
    log_works: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Accepted or logged; what the policy doubled stands here once.
    arrived: Counts,
    /// Batches that went out, by number: without an answer they count as given up, where the policy gives them up.
    gone: BTreeMap<u64, Counts>,
    batches: u64,
}

impl Wire {
    pub(super) fn new(delivery: Delivery) -> Self {
        Self(Arc::new(State {
            delivery,
            log_works: AtomicBool::new(true),
            seen: Mutex::default(),
        }))
    }

    /// What is accounted for of one metric.
    pub(super) fn accounted(&self, metric: &str) -> u64 {
        let seen = lock(&self.0.seen);
        let all = seen.gone.values().chain([&seen.arrived]);
        all.filter_map(|counts| counts.get(metric)).sum()
    }

    /// What is accounted for of all metrics with such names.
    pub(super) fn accounted_by<'a>(&self, metrics: impl Iterator<Item = &'a str>) -> u64 {
        let seen = lock(&self.0.seen);
        let of = |metric: &str| -> u64 {
            let all = seen.gone.values().chain([&seen.arrived]);
            all.filter_map(|counts| counts.get(metric)).sum()
        };
        metrics.map(of).sum()
    }

    pub(super) fn log_works(&self, works: bool) {
        self.0.log_works.store(works, Ordering::Relaxed);
    }

    /// Takes what this thread writes to the log.
    pub(super) fn take_lines(&self) {
        let wire = self.clone();
        emf::replace_output(move |lines| wire.log(lines));
    }

    fn log(&self, lines: &[u8]) -> io::Result<()> {
        if !self.0.log_works.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let lines = lines.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            let document: serde_json::Value = serde_json::from_slice(line)?;
            // Counts that were given up are not counted by the log.
            if document.get("_aws").is_none() {
                continue;
            }
            let counts = document.as_object().into_iter().flatten();
            let counts = counts.filter_map(|(name, value)| Some((name.clone(), value.as_u64()?)));
            lock(&self.0.seen).arrived(counts.collect());
        }
        Ok(())
    }

    /// Lets a batch go; whether it may.
    fn depart(&self, batch: Batch<'_>, number: &mut Option<u64>) -> bool {
        if number.is_some() {
            return true;
        }
        // Under the lock, so that it is never both saved elsewhere and not among those that went out.
        let mut seen = lock(&self.0.seen);
        if !batch.mark_sent() {
            return false;
        }
        seen.batches += 1;
        *number = Some(seen.batches);
        if self.0.delivery == Delivery::AtMostOnce {
            let batches = seen.batches;
            seen.gone.insert(batches, counts(batch));
        }
        true
    }

    fn accept(&self, batch: Batch<'_>, number: u64) {
        let mut seen = lock(&self.0.seen);
        let given_up_or_here = seen.gone.remove(&number).is_some();
        // Where it was written to the log meanwhile, the policy has doubled it.
        if given_up_or_here || batch.mark_sent() {
            seen.arrived(counts(batch));
        }
    }

    fn refuse(&self, batch: Batch<'_>, number: u64) {
        let mut seen = lock(&self.0.seen);
        batch.mark_unsent();
        // Otherwise it was given up meanwhile.
        if batch.state.is_unsent() {
            seen.gone.remove(&number);
        }
    }
}

impl Seen {
    fn arrived(&mut self, counts: Counts) {
        for (name, growth) in counts {
            *self.arrived.entry(name).or_default() += growth;
        }
    }
}

fn counts(batch: Batch<'_>) -> Counts {
    let counts = batch.data.iter().map(|datum| match datum.value {
        Value::Count(growth) => (datum.metric.to_string(), growth),
        _ => (datum.metric.to_string(), 0),
    });
    counts.collect()
}

impl Sink for Wire {
    fn packing(&self) -> Packing {
        Packing::WHOLE.at_most(5)
    }

    fn marks_sent(&self) -> bool {
        true
    }

    async fn emit(&self, batch: Batch<'_>, _: Duration) -> SinkResult {
        let mut number = None;
        poll_fn(|_| {
            let answer = ANSWER.get();
            if matches!(answer, Answer::Accept | Answer::Lose | Answer::Depart)
                && !self.depart(batch, &mut number)
            {
                return Poll::Ready(Err(EmitError::NotAccepted("it went elsewhere".into())));
            }
            Poll::Ready(match answer {
                Answer::HoldUp | Answer::Depart => return Poll::Pending,
                Answer::Accept => {
                    if let Some(number) = number {
                        self.accept(batch, number);
                    }
                    Ok(())
                }
                Answer::Lose => Err(EmitError::Ambiguous("no answer".into())),
                Answer::Refuse => {
                    if let Some(number) = number {
                        self.refuse(batch, number);
                    }
                    Err(EmitError::NotAccepted("refused".into()))
                }
                Answer::Panic => resume_unwind(Box::new("as the script says")),
            })
        })
        .await
    }
}
