//! Calls that are about items: each item is counted, not the call.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::items::{FailureOnUnwind, Items, begin_all, record};
use crate::{
    count::{aborting::Running, call::end, counter, track::Ended},
    declare::{kind::Kind, site::Site},
    metric::{Classify, Outcome},
};

/// How many items ended in which way, and how all others of the call did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    calls: u64,
    success: u64,
    failure: u64,
    neutral: u64,
    interrupted: u64,
    rest: Option<Outcome>,
}

impl Tally {
    fn add(&mut self, outcome: Outcome, number: u64) {
        let items = match outcome {
            Outcome::Success => &mut self.success,
            Outcome::Failure => &mut self.failure,
            Outcome::Neutral => &mut self.neutral,
            Outcome::Interrupted => &mut self.interrupted,
        };
        *items = items.saturating_add(number);
    }

    /// Says how the items ended that were not named one by one.
    #[must_use]
    pub fn rest(self, outcome: Outcome) -> Self {
        Self {
            rest: Some(outcome),
            ..self
        }
    }

    fn ended(&self) -> u64 {
        let ended = [self.success, self.failure, self.neutral, self.interrupted];
        ended.into_iter().fold(0, u64::saturating_add)
    }

    /// Counts the items; `number` is how many the call was about.
    fn record(mut self, site: &'static Site, number: Option<u64>) {
        let named = self.ended();
        if let (Some(outcome), Some(number)) = (self.rest, number) {
            self.add(outcome, number.saturating_sub(named));
        }
        if site.knows_open_calls() {
            // As many began as the call was about, and these end.
            let ended = self.ended();
            counter::add(site, Kind::Began, ended.wrapping_sub(number.unwrap_or(1)));
        }
        end(site);
        counter::add(site, Kind::Calls, self.calls);
        record(site, Outcome::Success, self.success);
        record(site, Outcome::Failure, self.failure);
        record(site, Outcome::Neutral, self.neutral);
        record(site, Outcome::Interrupted, self.interrupted);
    }
}

impl Ended for Tally {
    fn record(self, site: &'static Site) {
        self.record(site, None);
    }
}

impl FromIterator<Outcome> for Tally {
    fn from_iter<I: IntoIterator<Item = Outcome>>(outcomes: I) -> Self {
        let mut tally = Self::default();
        let add = |outcome| tally.add(outcome, 1);
        outcomes.into_iter().for_each(add);
        tally
    }
}

/// A collection whose items say by themselves how they ended.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a collection whose items say whether they succeeded",
    label = "`each` cannot count these items",
    note = "return a collection of `Result`s, or name a classifier of one item with `by = path::to::fn`",
    note = "where the collection is in the return value, say where: `each = |reply| &reply.entries`"
)]
pub trait Outcomes {
    /// Classifies each item.
    fn tally(self) -> Tally;
}

#[diagnostic::do_not_recommend]
impl<I: IntoIterator> Outcomes for I
where
    I::Item: Classify,
{
    fn tally(self) -> Tally {
        self.into_iter().map(|item| item.outcome()).collect()
    }
}

/// The classifier of a collection whose items say by themselves how they ended.
pub fn each<C: Outcomes>(collection: C) -> Tally {
    collection.tally()
}

/// The classifier of a collection by a classifier of one item.
pub fn each_by<C: IntoIterator>(collection: C, classify: impl FnMut(C::Item) -> Outcome) -> Tally {
    collection.into_iter().map(classify).collect()
}

/// The classifier of a call all of whose items end in one way.
pub fn all(outcome: Outcome) -> Tally {
    Tally::default().rest(outcome)
}

/// A return value that says how the items ended which `each` does not name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how the items ended that `each` leaves over",
    label = "expected a `Result` or another type with an outcome",
    note = "say it with `rest = success` or another outcome"
)]
pub trait Rest {
    /// The outcome of each item that is left over.
    fn rest(&self) -> Outcome;
}

#[diagnostic::do_not_recommend]
impl<R: Classify> Rest for R {
    fn rest(&self) -> Outcome {
        self.outcome()
    }
}

/// How the items ended which `each` does not name.
pub fn rest<R: Rest>(value: &R) -> Outcome {
    value.rest()
}

/// Calls a closure of the user, with the type of the value known to it.
pub fn apply<'a, V: ?Sized, T>(value: &'a V, closure: impl FnOnce(&'a V) -> T) -> T {
    closure(value)
}

/// The calls that a return value stands for (`#[count("..", items = |returned| ..)]`).
pub fn calls<'a, V: ?Sized, N: Items>(value: &'a V, number: impl FnOnce(&'a V) -> N) -> Tally {
    Tally {
        calls: number(value).items(),
        ..Tally::default()
    }
}

/// Runs a sync body and counts its items. A panic, also one of a classifier, makes each item of the call a failure.
pub(crate) fn call_each<R>(
    site: &'static Site,
    number: Option<u64>,
    body: impl FnOnce() -> R,
    classify: impl FnOnce(&R) -> Tally,
) -> R {
    begin_all(site, number);
    let _running = Running::of(site);
    let unwinding = FailureOnUnwind { site, number };
    let value = body();
    let tally = classify(&value);
    mem::forget(unwinding);
    tally.record(site, number);
    value
}

pin_project! {
    /// The future of an async call that counts its items.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct TrackEach<F, C> {
        // Dropped before `open` is, as the arguments of a sync call are before its outcome is counted.
        #[pin]
        future: F,
        classify: Option<C>,
        // From the first poll to the end of the call.
        open: Option<Open>,
        site: &'static Site,
        number: Option<u64>,
    }
}

/// A call that began, and waits. Dropped before its end, each of its items is interrupted.
#[derive(Debug)]
struct Open {
    site: &'static Site,
    number: Option<u64>,
}

impl Drop for Open {
    #[inline]
    fn drop(&mut self) {
        record(self.site, Outcome::Interrupted, self.number.unwrap_or(1));
    }
}

impl<F, C> TrackEach<F, C> {
    pub(crate) fn new(site: &'static Site, number: Option<u64>, classify: C, future: F) -> Self {
        Self {
            future,
            classify: Some(classify),
            open: None,
            site,
            number,
        }
    }
}

impl<F, C> Future for TrackEach<F, C>
where
    F: Future,
    C: FnOnce(&F::Output) -> Tally,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Put back when the call goes on, so that a call cannot be counted twice.
        let Some(classify) = this.classify.take() else {
            return this.future.poll(cx);
        };
        let (site, number) = (*this.site, *this.number);
        match this.open.take() {
            None => begin_all(site, number),
            waited => mem::forget(waited),
        }
        let _running = Running::of(site);
        // A panic is often caught between this poll and the drop of the future, so it is counted here.
        let unwinding = FailureOnUnwind { site, number };
        let polled = this.future.poll(cx);
        if let Poll::Ready(value) = &polled {
            let tally = classify(value);
            mem::forget(unwinding);
            tally.record(site, number);
        } else {
            mem::forget(unwinding);
            *this.classify = Some(classify);
            *this.open = Some(Open { site, number });
        }
        polled
    }
}
