//! Calls that count their items (`items`, `each`), instead of themselves.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{
    counter,
    panic::{FailedItems, PanicGuard},
    record::{RecordEnd, before_end, begin, interrupted, record},
};
use crate::{
    declare::{kind::Kind, site::Site},
    metric::{Classify, Outcome},
};

/// A number of items (`items = expr`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number of items",
    label = "expected an unsigned integer",
    note = "count what a collection holds with `.len()`, and convert a signed number where it is known not to be negative"
)]
pub trait Items {
    /// The number; one that no `u64` holds is `u64::MAX`.
    fn items(self) -> u64;
}

macro_rules! unsigned_integers {
    ($($ty:ty),*) => {
        $(impl Items for $ty {
            #[inline]
            fn items(self) -> u64 {
                u64::try_from(self).unwrap_or(u64::MAX)
            }
        })*
    };
}

unsigned_integers!(u8, u16, u32, u64, usize);

impl<N: Items + Copy> Items for &N {
    #[inline]
    fn items(self) -> u64 {
        (*self).items()
    }
}

/// The number of items of an expression.
#[inline]
pub fn items<N: Items>(number: N) -> u64 {
    number.items()
}

/// The number of items of a call by outcome, and the outcome of all other items.
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

    /// Sets the outcome of the items that are not counted one by one.
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

    /// Counts the items; `number` is the number of items of the call, if it was given.
    fn record(mut self, site: &'static Site, number: Option<u64>) {
        let named = self.ended();
        if let (Some(outcome), Some(number)) = (self.rest, number) {
            self.add(outcome, number.saturating_sub(named));
        }
        if site.tracks_open_calls() {
            // `number` items were counted when the call began; corrects that to the number that ended.
            let ended = self.ended();
            counter::add(site, Kind::Began, ended.wrapping_sub(number.unwrap_or(1)));
        }
        before_end(site);
        counter::add(site, Kind::Calls, self.calls);
        record(site, Outcome::Success, self.success);
        record(site, Outcome::Failure, self.failure);
        record(site, Outcome::Neutral, self.neutral);
        record(site, Outcome::Interrupted, self.interrupted);
    }
}

impl RecordEnd for Tally {
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

/// A collection whose items can be classified.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a collection of items that implement `Classify`",
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

/// Classifies the items of a collection.
pub fn each<C: Outcomes>(collection: C) -> Tally {
    collection.tally()
}

/// Classifies the items of a collection by a function.
pub fn each_by<C: IntoIterator>(collection: C, classify: impl FnMut(C::Item) -> Outcome) -> Tally {
    collection.into_iter().map(classify).collect()
}

/// Gives all items of a call one outcome.
pub fn all(outcome: Outcome) -> Tally {
    Tally::default().rest(outcome)
}

/// A return value that can be classified, for the items that `each` does not return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no outcome for the items that `each` does not return",
    label = "expected a `Result` or another type with an outcome",
    note = "name it with `rest = success` or another outcome"
)]
pub trait Rest {
    /// The outcome of each item that `each` does not return.
    fn rest(&self) -> Outcome;
}

#[diagnostic::do_not_recommend]
impl<R: Classify> Rest for R {
    fn rest(&self) -> Outcome {
        self.outcome()
    }
}

/// The outcome of the items that `each` does not return.
pub fn rest<R: Rest>(value: &R) -> Outcome {
    value.rest()
}

/// Calls a closure of the user; the argument fixes the type of its parameter.
pub fn apply<'a, V: ?Sized, T>(value: &'a V, closure: impl FnOnce(&'a V) -> T) -> T {
    closure(value)
}

/// The number of calls that a return value reports (`#[count("..", items = |returned| ..)]`).
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
    begin(site, number.unwrap_or(1));
    let guard = PanicGuard::new(FailedItems(site, number.unwrap_or(1)));
    let value = body();
    let tally = classify(&value);
    guard.returned();
    tally.record(site, number);
    value
}

pin_project! {
    /// The future of an async call that counts its items.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct TrackEach<F, C> {
        // Dropped before `open`, as the arguments of a sync call are dropped before its outcome is counted.
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
        interrupted(self.site, self.number.unwrap_or(1));
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
        // Taken until the poll ends, and put back if the call is pending: a call that has ended cannot be counted twice.
        let Some(classify) = this.classify.take() else {
            return this.future.poll(cx);
        };
        let (site, number) = (*this.site, *this.number);
        match this.open.take() {
            None => begin(site, number.unwrap_or(1)),
            waited => mem::forget(waited),
        }
        // A panic may be caught between this poll and the drop of the future, so it is counted here.
        let guard = PanicGuard::new(FailedItems(site, number.unwrap_or(1)));
        let polled = this.future.poll(cx);
        if let Poll::Ready(value) = &polled {
            let tally = classify(value);
            guard.returned();
            tally.record(site, number);
        } else {
            guard.returned();
            *this.classify = Some(classify);
            *this.open = Some(Open { site, number });
        }
        polled
    }
}
