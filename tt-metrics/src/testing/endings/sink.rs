//! A sink with scripted answers, and a log: the counts that arrived, or may have arrived.

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

/// Sets the answer of the sink for one poll of this thread.
pub(super) fn answering<T>(answer: Answer, poll: impl FnOnce() -> T) -> T {
    ANSWER.set(answer);
    poll()
}

/// The sink and the log. Clones share the state.
#[derive(Debug, Clone)]
pub(super) struct ScriptedSink(Arc<State>);

#[derive(Debug)]
struct State {
    delivery: Delivery,
    log_works: AtomicBool,
    received: Mutex<Received>,
}

#[derive(Debug, Default)]
struct Received {
    /// Counts that were accepted or logged. Counts that the delivery policy sends twice are included once.
    arrived: Counts,
    /// Batches that were sent, by number. Without an answer, they are given up if the delivery policy is at most once.
    sent: BTreeMap<u64, Counts>,
    batches: u64,
}

impl ScriptedSink {
    pub(super) fn new(delivery: Delivery) -> Self {
        Self(Arc::new(State {
            delivery,
            log_works: AtomicBool::new(true),
            received: Mutex::default(),
        }))
    }

    /// The accounted counts of one metric.
    pub(super) fn accounted(&self, metric: &str) -> u64 {
        let received = lock(&self.0.received);
        let all = received.sent.values().chain([&received.arrived]);
        all.filter_map(|counts| counts.get(metric)).sum()
    }

    /// The accounted counts of several metrics.
    pub(super) fn accounted_by<'a>(&self, metrics: impl Iterator<Item = &'a str>) -> u64 {
        let received = lock(&self.0.received);
        let of = |metric: &str| -> u64 {
            let all = received.sent.values().chain([&received.arrived]);
            all.filter_map(|counts| counts.get(metric)).sum()
        };
        metrics.map(of).sum()
    }

    pub(super) fn log_works(&self, works: bool) {
        self.0.log_works.store(works, Ordering::Relaxed);
    }

    /// Receives the lines that this thread writes to the log.
    pub(super) fn take_lines(&self) {
        let sink = self.clone();
        emf::replace_output(move |lines| sink.log(lines));
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
            lock(&self.0.received).arrived(counts.collect());
        }
        Ok(())
    }

    /// Marks a batch as sent. Returns whether it may be sent.
    fn mark_sent(&self, batch: Batch<'_>, number: &mut Option<u64>) -> bool {
        if number.is_some() {
            return true;
        }
        // Under the lock, so that a batch is not missing from `sent` while another thread settles it.
        let mut received = lock(&self.0.received);
        if !batch.mark_sent() {
            return false;
        }
        received.batches += 1;
        *number = Some(received.batches);
        if self.0.delivery == Delivery::AtMostOnce {
            let batches = received.batches;
            received.sent.insert(batches, counts(batch));
        }
        true
    }

    fn accept(&self, batch: Batch<'_>, number: u64) {
        let mut received = lock(&self.0.received);
        let given_up_or_here = received.sent.remove(&number).is_some();
        // If it was written to the log meanwhile, the delivery policy sends it twice.
        if given_up_or_here || batch.mark_sent() {
            received.arrived(counts(batch));
        }
    }

    fn refuse(&self, batch: Batch<'_>, number: u64) {
        let mut received = lock(&self.0.received);
        batch.mark_unsent();
        // Otherwise it was given up meanwhile.
        if batch.state.is_unsent() {
            received.sent.remove(&number);
        }
    }
}

impl Received {
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

impl Sink for ScriptedSink {
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
            if matches!(
                answer,
                Answer::Accept | Answer::NoAnswer | Answer::DelayAnswer
            ) && !self.mark_sent(batch, &mut number)
            {
                return Poll::Ready(Err(EmitError::NotAccepted(
                    "the batch was settled by another thread".into(),
                )));
            }
            Poll::Ready(match answer {
                Answer::Delay | Answer::DelayAnswer => return Poll::Pending,
                Answer::Accept => {
                    if let Some(number) = number {
                        self.accept(batch, number);
                    }
                    Ok(())
                }
                Answer::NoAnswer => Err(EmitError::Ambiguous("no answer".into())),
                Answer::Refuse => {
                    if let Some(number) = number {
                        self.refuse(batch, number);
                    }
                    Err(EmitError::NotAccepted("refused".into()))
                }
                Answer::Panic => resume_unwind(Box::new("scripted panic")),
            })
        })
        .await
    }
}
