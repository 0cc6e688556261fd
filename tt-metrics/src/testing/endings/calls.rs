//! The counted functions, whose bodies end as a script says.
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
/// How a call may end, by the name in the metrics.
pub(super) const OUTCOMES: [Outcome; 4] = [
    Outcome::Success,
    Outcome::Failure,
    Outcome::Neutral,
    Outcome::Interrupted,
];

/// How a body goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Wait,
    Return(Outcome),
    Panic,
}

/// A panic of which no hook is told, so that it says nothing.
pub(super) fn panics<T>() -> T {
    resume_unwind(Box::new("as the script says"))
}

fn end(next: Next) -> Outcome {
    match next {
        Next::Return(outcome) => outcome,
        Next::Wait | Next::Panic => panics(),
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
fn call(body: impl FnOnce() -> Next) -> Outcome {
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
fn call_each(items: u64, body: impl FnOnce() -> Next) -> Vec<Outcome> {
    all(items, end(body()))
}

#[count_outcome(
    success = "EndingWaitSuccess",
    failure = "EndingWaitFailure",
    neutral = "EndingWaitNeutral",
    interrupted = "EndingWaitInterrupted",
    crate = crate
)]
async fn wait(next: Arc<Mutex<Next>>) -> Outcome {
    told(&next).await
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
async fn wait_each(items: u64, next: Arc<Mutex<Next>>) -> Vec<Outcome> {
    all(items, told(&next).await)
}

async fn told(next: &Mutex<Next>) -> Outcome {
    poll_fn(|_| match *lock(next) {
        Next::Wait => Poll::Pending,
        next => Poll::Ready(end(next)),
    })
    .await
}

/// Runs a sync call, about items if a number is given.
pub(super) fn run(items: Option<u64>, body: impl FnOnce() -> Next) {
    match items {
        None => {
            call(body);
        }
        Some(items) => drop(call_each(items, body)),
    }
}

/// An async call.
pub(super) struct Waiting {
    pub(super) site: usize,
    pub(super) items: u64,
    pub(super) began: bool,
    next: Arc<Mutex<Next>>,
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Waiting {
    pub(super) fn new(items: Option<u64>) -> Self {
        let next = Arc::new(Mutex::new(Next::Wait));
        let told = Arc::clone(&next);
        let future: Pin<Box<dyn Future<Output = ()> + Send>> = match items {
            None => Box::pin(async { _ = wait(told).await }),
            Some(items) => Box::pin(async move { drop(wait_each(items, told).await) }),
        };
        Self {
            site: 2 + usize::from(items.is_some()),
            items: items.unwrap_or(1),
            began: false,
            next,
            future,
        }
    }

    /// Polls it; how it ended, if it did.
    pub(super) fn poll(&mut self, next: Next) -> Option<Outcome> {
        *lock(&self.next) = next;
        let mut cx = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(&mut cx)));
        match (polled, next) {
            (Ok(Poll::Pending), _) => None,
            (Ok(Poll::Ready(())), Next::Return(outcome)) => Some(outcome),
            _ => Some(Outcome::Failure),
        }
    }
}
