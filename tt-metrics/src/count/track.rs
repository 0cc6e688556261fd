//! The future of a counted async call, exactly as large as the one that it counts.

pub(crate) mod mark;

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    count::{
        aborting::Running,
        call::{self, FailureOnUnwind},
    },
    declare::site::Site,
    metric::Outcome,
};

/// How a call, or each of its items, ended.
pub(crate) trait Ended {
    /// Counts it.
    fn record(self, site: &'static Site);
}

impl Ended for Outcome {
    #[inline]
    fn record(self, site: &'static Site) {
        call::record(site, self);
    }
}

pin_project! {
    /// The future of a counted async call whose body says when it begins (`mark::Begun`).
    ///
    /// The site is a function, of a type of its own, and so is a classifier that captures nothing: none takes a byte.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Track<F, C, S: Fn() -> &'static Site> {
        before: BeforeDrop,
        #[pin]
        future: F,
        classify: C,
        after: AfterDrop<S>,
    }
}

/// Dropped before the future is.
struct BeforeDrop;

impl Drop for BeforeDrop {
    #[inline]
    fn drop(&mut self) {
        mark::before_drop();
    }
}

/// Dropped after the future: it then counts a call that was cut off.
struct AfterDrop<S: Fn() -> &'static Site>(S);

impl<S: Fn() -> &'static Site> Drop for AfterDrop<S> {
    #[inline]
    fn drop(&mut self) {
        if mark::after_drop() {
            call::record_interrupted((self.0)());
        }
    }
}

impl<F, C, S: Fn() -> &'static Site> Track<F, C, S> {
    /// Wraps the body of a counted async call; it begins at the first poll.
    #[inline]
    pub(crate) fn new(site: S, classify: C, future: F) -> Self {
        Self {
            before: BeforeDrop,
            future,
            classify,
            after: AfterDrop(site),
        }
    }
}

impl<F, C, S, E> Future for Track<F, C, S>
where
    F: Future,
    C: FnMut(&F::Output) -> E,
    S: Fn() -> &'static Site,
    E: Ended,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let site = (this.after.0)();
        let _running = Running::of(site);
        // A panic is often caught between this poll and the drop of the future, so it is noticed here, not there.
        let polled = Polled {
            site,
            marks: mark::Poll::begin(),
        };
        let polled_to = this.future.poll(cx);
        mem::forget(polled);
        let Poll::Ready(value) = polled_to else {
            return Poll::Pending;
        };
        mark::take();
        let unwinding = FailureOnUnwind(site);
        let ended = (this.classify)(&value);
        mem::forget(unwinding);
        ended.record(site);
        Poll::Ready(value)
    }
}

/// Ends the call as a failure when a poll of its body panics.
struct Polled {
    site: &'static Site,
    marks: mark::Poll,
}

impl Drop for Polled {
    // Inlined, so that a future that is awaited where it was made can live in registers.
    #[inline]
    fn drop(&mut self) {
        if self.marks.has_ended_body() {
            call::record_failure(self.site);
        }
    }
}

#[cfg(test)]
mod tests;
