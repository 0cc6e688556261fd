//! The future of a counted async call, exactly as large as the future that it counts.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{
    marks,
    panic::{FailedCall, FailedPoll, PanicGuard},
    record::{self, RecordEnd},
};
use crate::declare::site::Site;

pin_project! {
    /// The future of a counted async call whose body begins with a [`BodyMarker`].
    ///
    /// The site is a function item, and so is a classifier that captures nothing, so neither takes a byte.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Track<F, C, S: Fn() -> &'static Site> {
        before: BeforeDrop,
        #[pin]
        future: F,
        classify: C,
        after: AfterDrop<S>,
    }
}

/// Dropped before the future.
struct BeforeDrop;

impl Drop for BeforeDrop {
    #[inline]
    fn drop(&mut self) {
        marks::before_drop();
    }
}

/// Dropped after the future. Counts a call that was dropped while suspended as interrupted.
struct AfterDrop<S: Fn() -> &'static Site>(S);

impl<S: Fn() -> &'static Site> Drop for AfterDrop<S> {
    #[inline]
    fn drop(&mut self) {
        if marks::after_drop() {
            record::interrupted((self.0)(), 1);
        }
    }
}

impl<F, C, S: Fn() -> &'static Site> Track<F, C, S> {
    /// Wraps the body of a counted async call, which begins at the first poll.
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
    E: RecordEnd,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let site = (this.after.0)();
        // A panic may be caught between this poll and the drop of the future, so it is counted here.
        let guard = PanicGuard::new(FailedPoll::new(site));
        let polled = this.future.poll(cx);
        guard.returned();
        let Poll::Ready(value) = polled else {
            return Poll::Pending;
        };
        marks::take();
        let guard = PanicGuard::new(FailedCall(site));
        let verdict = (this.classify)(&value);
        guard.returned();
        verdict.record(site);
        Poll::Ready(value)
    }
}

#[cfg(test)]
mod tests;
