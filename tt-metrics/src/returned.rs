//! Functions that return a future: the call is the future, from its first poll, whatever made it.
//!
//! The types are named, since an `impl Future` would keep what the body has borrowed.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::items::said;
use crate::{
    Outcome, call, counter,
    site::{Kind, Site},
};

/// Tracks the future that a sync body returns.
#[inline]
pub fn track_returned<F, C>(
    site: &'static Site,
    classify: C,
    body: impl FnOnce() -> F,
) -> call::Track<F, C>
where
    F: Future,
    C: FnOnce(&F::Output) -> Outcome,
{
    call::Track::new(site, classify, body())
}

/// Counts a call, or the items that the body has named, at the first poll of the future that it returns.
pub fn count_returned<F: Future>(
    site: &'static Site,
    body: impl FnOnce() -> F,
) -> CountReturned<F> {
    let (number, future) = said(body);
    CountReturned {
        future,
        number: Some(number.unwrap_or(1)),
        site,
    }
}

pin_project! {
    /// A future whose first poll is counted.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct CountReturned<F> {
        #[pin]
        future: F,
        // Taken at the first poll.
        number: Option<u64>,
        site: &'static Site,
    }
}

impl<F: Future> Future for CountReturned<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(number) = this.number.take() {
            counter::add(this.site, Kind::Calls, number);
        }
        this.future.poll(cx)
    }
}

/// A future as `Box<dyn Future + Unpin>` has it.
pub fn boxed<F: Future>(future: F) -> Box<F> {
    Box::new(future)
}

/// A future as `Pin<Box<dyn Future>>` has it.
pub fn pinned<F: Future>(future: F) -> Pin<Box<F>> {
    Box::pin(future)
}

/// The future that a sync body returns.
pub fn made<F: Future>(body: impl FnOnce() -> F) -> F {
    body()
}
