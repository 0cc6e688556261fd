//! The counted functions of the simulation.
#![expect(unsafe_code, reason = "the list of sites is a section of the binary")]

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use tt_metrics_macros::count_outcome;

use crate::{count::sync::lock, metric::Outcome};

/// The functions, by the name in their metrics.
pub(super) const SITES: [&str; 4] = ["Call", "CallEach", "Wait", "WaitEach"];
/// The outcomes, by the name in their metrics.
pub(super) const OUTCOMES: [Outcome; 4] = [
    Outcome::Success,
    Outcome::Failure,
    Outcome::Neutral,
    Outcome::Interrupted,
];

/// The next step of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyStep {
    Wait,
    Return(Outcome),
    Panic,
}

/// Panics without calling the panic hook, so that no message is printed.
pub(super) fn panics<T>() -> T {
    resume_unwind(Box::new("scripted panic"))
}

fn end(next: BodyStep) -> Outcome {
    match next {
        BodyStep::Return(outcome) => outcome,
        BodyStep::Wait | BodyStep::Panic => panics(),
    }
}

fn all(items: u64, outcome: Outcome) -> Vec<Outcome> {
    (0..items).map(|_| outcome).collect()
}

#[count_outcome(
    success = "EndingCallSuccess",
    failure = "EndingCallFailure",
    neutral = "EndingCallNeutral",
    interrupted = "EndingCallInterrupted",
    crate = crate
)]
fn call(body: impl FnOnce() -> BodyStep) -> Outcome {
    end(body())
}

#[count_outcome(
    success = "EndingCallEachSuccess",
    failure = "EndingCallEachFailure",
    neutral = "EndingCallEachNeutral",
    interrupted = "EndingCallEachInterrupted",
    each,
    items = items,
    rest = failure,
    crate = crate
)]
fn call_each(items: u64, body: impl FnOnce() -> BodyStep) -> Vec<Outcome> {
    all(items, end(body()))
}

#[count_outcome(
    success = "EndingWaitSuccess",
    failure = "EndingWaitFailure",
    neutral = "EndingWaitNeutral",
    interrupted = "EndingWaitInterrupted",
    crate = crate
)]
async fn wait(next: Arc<Mutex<BodyStep>>) -> Outcome {
    scripted(&next).await
}

#[count_outcome(
    success = "EndingWaitEachSuccess",
    failure = "EndingWaitEachFailure",
    neutral = "EndingWaitEachNeutral",
    interrupted = "EndingWaitEachInterrupted",
    each,
    items = items,
    rest = failure,
    crate = crate
)]
async fn wait_each(items: u64, next: Arc<Mutex<BodyStep>>) -> Vec<Outcome> {
    all(items, scripted(&next).await)
}

async fn scripted(next: &Mutex<BodyStep>) -> Outcome {
    poll_fn(|_| match *lock(next) {
        BodyStep::Wait => Poll::Pending,
        next => Poll::Ready(end(next)),
    })
    .await
}

/// Runs a sync call, with items if a number is given.
pub(super) fn run(items: Option<u64>, body: impl FnOnce() -> BodyStep) {
    match items {
        None => {
            call(body);
        }
        Some(items) => drop(call_each(items, body)),
    }
}

/// An async call.
pub(super) struct PendingCall {
    pub(super) site: usize,
    pub(super) items: u64,
    pub(super) began: bool,
    next: Arc<Mutex<BodyStep>>,
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl PendingCall {
    pub(super) fn new(items: Option<u64>) -> Self {
        let next = Arc::new(Mutex::new(BodyStep::Wait));
        let scripted_steps = Arc::clone(&next);
        let future: Pin<Box<dyn Future<Output = ()> + Send>> = match items {
            None => Box::pin(async { _ = wait(scripted_steps).await }),
            Some(items) => Box::pin(async move { drop(wait_each(items, scripted_steps).await) }),
        };
        Self {
            site: 2 + usize::from(items.is_some()),
            items: items.unwrap_or(1),
            began: false,
            next,
            future,
        }
    }

    /// Polls the call. Returns its outcome if it ended.
    pub(super) fn poll(&mut self, next: BodyStep) -> Option<Outcome> {
        *lock(&self.next) = next;
        let mut cx = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(&mut cx)));
        match (polled, next) {
            (Ok(Poll::Pending), _) => None,
            (Ok(Poll::Ready(())), BodyStep::Return(outcome)) => Some(outcome),
            _ => Some(Outcome::Failure),
        }
    }
}
