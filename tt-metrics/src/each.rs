//! Calls that return a collection of outcomes: each item is counted, not the call.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    Classify, Outcome,
    aborting::Running,
    call::{begin, end},
    counter,
    site::{Kind, Site},
};

/// How many items ended in which way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    success: u64,
    failure: u64,
    neutral: u64,
    interrupted: u64,
}

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Success => &mut self.success,
            Outcome::Failure => &mut self.failure,
            Outcome::Neutral => &mut self.neutral,
            Outcome::Interrupted => &mut self.interrupted,
        } += 1;
    }

    fn record(self, site: &'static Site) {
        if site.knows_open_calls() {
            // One call began, and as many items end.
            let items = self.success + self.failure + self.neutral + self.interrupted;
            counter::add(site, Kind::Began, items.wrapping_sub(1));
        }
        end(site);
        counter::add(site, Kind::Success, self.success);
        counter::add(site, Kind::Failure, self.failure);
        counter::add(site, Kind::Neutral, self.neutral);
        counter::add(site, Kind::Interrupted, self.interrupted);
    }
}

impl FromIterator<Outcome> for Tally {
    fn from_iter<I: IntoIterator<Item = Outcome>>(outcomes: I) -> Self {
        let mut tally = Self::default();
        outcomes.into_iter().for_each(|outcome| tally.add(outcome));
        tally
    }
}

/// A reference to a collection whose items say by themselves how they ended.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a collection whose items say whether they succeeded",
    label = "`each` cannot count these items",
    note = "return a collection of `Result`s, or name a classifier of one item with `by = path::to::fn`"
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

/// Runs a sync body and counts its items, a panic (also of a classifier) as one failure and no item.
pub fn call_each<R>(
    site: &'static Site,
    classify: impl FnOnce(&R) -> Tally,
    body: impl FnOnce() -> R,
) -> R {
    begin(site);
    let _running = Running::of(site);
    let open = Open(site, Outcome::Failure);
    let value = body();
    let tally = classify(&value);
    mem::forget(open);
    tally.record(site);
    value
}

/// Wraps an async body: armed at the first poll, counts its items, a panic as one failure, a drop as one interruption.
pub fn track_each<F: Future>(
    site: &'static Site,
    classify: impl FnOnce(&F::Output) -> Tally,
    future: F,
) -> impl Future<Output = F::Output> {
    TrackEach {
        future,
        classify: Some(classify),
        open: None,
        site,
    }
}

/// Counts one outcome for a call that ends before its items are known; forgotten when they are.
#[derive(Debug)]
struct Open(&'static Site, Outcome);

impl Drop for Open {
    #[inline]
    fn drop(&mut self) {
        record(self.0, self.1);
    }
}

#[cold]
#[inline(never)]
fn record(site: &'static Site, outcome: Outcome) {
    end(site);
    counter::add(site, Kind::from(outcome), 1);
}

pin_project! {
    /// The future of a counted async call that returns a collection.
    #[must_use = "futures do nothing unless polled"]
    struct TrackEach<F, C> {
        // Dropped before `open` is, as the arguments of a sync call are before its outcome is counted.
        #[pin]
        future: F,
        classify: Option<C>,
        // From the first poll to the end of the call.
        open: Option<Open>,
        site: &'static Site,
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
        // Given back when the call goes on, so a call cannot be counted twice.
        let Some(classify) = this.classify.take() else {
            return this.future.poll(cx);
        };
        // A panic is often caught between this poll and the drop of the future, so it is noticed here, not there.
        match this.open.take() {
            None => begin(this.site),
            waited => mem::forget(waited),
        }
        let _running = Running::of(this.site);
        let unwinding = Open(this.site, Outcome::Failure);
        let polled = this.future.poll(cx);
        if let Poll::Ready(value) = &polled {
            let tally = classify(value);
            mem::forget(unwinding);
            tally.record(this.site);
        } else {
            mem::forget(unwinding);
            *this.classify = Some(classify);
            *this.open = Some(Open(this.site, Outcome::Interrupted));
        }
        polled
    }
}
