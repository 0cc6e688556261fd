//! Counted calls, sync and async: each call that began ends as exactly one outcome.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    Outcome, counter,
    site::{Kind, Site},
};

/// Counts `n` on the `calls` metric of a site.
#[inline]
pub(crate) fn count(site: &'static Site, n: u64) {
    counter::add(site, Kind::Calls, n);
}

/// Counts one outcome of a site.
#[inline]
pub(crate) fn record(site: &'static Site, outcome: Outcome) {
    counter::add(site, Kind::from(outcome), 1);
}

/// Runs a sync body and counts its outcome, a panic (also of the classifier) as failure.
#[inline]
pub(crate) fn call<R>(
    site: &'static Site,
    classify: impl FnOnce(&R) -> Outcome,
    body: impl FnOnce() -> R,
) -> R {
    let unwinding = FailureOnUnwind(site);
    let value = body();
    let outcome = classify(&value);
    mem::forget(unwinding);
    record(site, outcome);
    value
}

/// Forgotten when the work returns, so it is dropped by a panic only.
struct FailureOnUnwind(&'static Site);

impl Drop for FailureOnUnwind {
    #[cold]
    fn drop(&mut self) {
        record(self.0, Outcome::Failure);
    }
}

pin_project! {
    /// The future of a counted async call.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Track<F, C> {
        #[pin]
        future: F,
        // Taken when the call has ended, so a call cannot be counted twice.
        classify: Option<C>,
        began: bool,
        site: &'static Site,
    }

    impl<F, C> PinnedDrop for Track<F, C> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if *this.began && this.classify.is_some() {
                record_interrupted(this.site);
            }
        }
    }
}

impl<F, C> Track<F, C> {
    /// Wraps the body of a counted async call; it begins at the first poll.
    #[inline]
    pub(crate) fn new(site: &'static Site, classify: C, future: F) -> Self {
        Self {
            future,
            classify: Some(classify),
            began: false,
            site,
        }
    }
}

impl<F, C> Future for Track<F, C>
where
    F: Future,
    C: FnOnce(&F::Output) -> Outcome,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        *this.began = true;
        // A panic is often caught between this poll and the drop of the future, so it is noticed here, not there.
        let polled = Polled {
            classify: this.classify,
            site: this.site,
        };
        let Poll::Ready(value) = this.future.poll(cx) else {
            mem::forget(polled);
            return Poll::Pending;
        };
        let classify = mem::take(&mut *polled.classify);
        let unwinding = FailureOnUnwind(polled.site);
        mem::forget(polled);
        let outcome = classify.map(|classify| classify(&value));
        mem::forget(unwinding);
        if let Some(outcome) = outcome {
            record(this.site, outcome);
        }
        Poll::Ready(value)
    }
}

/// Ends the call as a failure when a poll of its body panics.
struct Polled<'a, C> {
    classify: &'a mut Option<C>,
    site: &'static Site,
}

impl<C> Drop for Polled<'_, C> {
    #[cold]
    fn drop(&mut self) {
        if self.classify.take().is_some() {
            record(self.site, Outcome::Failure);
        }
    }
}

#[cold]
fn record_interrupted(site: &'static Site) {
    record(site, Outcome::Interrupted);
}
