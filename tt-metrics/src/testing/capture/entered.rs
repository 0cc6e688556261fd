//! How threads and futures come into a capture, and leave it.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    thread::{self, ThreadId},
};

use pin_project_lite::pin_project;

use super::Scope;
use crate::count::{
    buffer::{Buffer, Shard},
    counter,
};

/// This thread counts into a capture as long as it lives ([`Capture::enter`](super::Capture::enter)).
#[derive(Debug)]
pub struct Entered {
    scope: Scope,
    shard: Shard,
    left: Shard,
    thread: ThreadId,
}

impl Scope {
    pub(super) fn enter(self) -> Entered {
        let shard = Left::again(self.0).unwrap_or_else(|| self.0.claim());
        Entered {
            scope: self,
            shard,
            left: counter::redirect(shard),
            thread: thread::current().id(),
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Only the thread that holds the shard may give it back.
        if thread::current().id() != self.thread {
            return;
        }
        let held = counter::redirect(self.left);
        if held.is(self.shard) {
            Left::keep(self.scope.0, self.shard);
        } else {
            // Guards were dropped in another order than they were made: the younger one stays.
            counter::redirect(held);
        }
    }
}

/// The shards of captures that this thread has left.
///
/// They stay with it until it ends: a call that began while the thread was in the capture ends there, however late.
#[derive(Debug)]
struct Left(RefCell<Vec<(&'static Buffer, Shard)>>);

thread_local! {
    static LEFT: Left = const { Left(RefCell::new(Vec::new())) };
}

impl Left {
    fn again(buffer: &'static Buffer) -> Option<Shard> {
        let take = |left: &Self| {
            let mut left = left.0.borrow_mut();
            let found = left.iter().rposition(|(of, _)| std::ptr::eq(*of, buffer))?;
            Some(left.swap_remove(found).1)
        };
        LEFT.try_with(take).ok().flatten()
    }

    fn keep(buffer: &'static Buffer, shard: Shard) {
        if LEFT
            .try_with(|left| left.0.borrow_mut().push((buffer, shard)))
            .is_err()
        {
            // The thread ends.
            buffer.release(shard);
        }
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        for (buffer, shard) in self.0.take() {
            buffer.release(shard);
        }
    }
}

pin_project! {
    /// The future that [`Capture::follow`](super::Capture::follow) makes.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Followed<F> {
        #[pin]
        future: F,
        scope: Scope,
    }
}

impl<F> Followed<F> {
    pub(super) fn new(future: F, scope: Scope) -> Self {
        Self { future, scope }
    }
}

impl<F: Future> Future for Followed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _captured = this.scope.enter();
        this.future.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_a_thread_has_left_is_nobody_elses_until_that_thread_ends() {
        let scope = Scope::new();
        let elsewhere = move |work: fn(Scope) -> Shard| thread::spawn(move || work(scope)).join();
        let enter = |scope: Scope| scope.enter().shard;
        let left = thread::spawn(move || {
            let first = enter(scope);
            // A call that began before the thread left may still end in it.
            let other = elsewhere(enter).unwrap();
            assert!(!other.is(first));
            assert!(enter(scope).is(first));
            (first, other)
        });
        let (first, other) = left.join().unwrap();
        let again = elsewhere(enter).unwrap();
        assert!(again.is(first) || again.is(other));
        assert_eq!(scope.0.shards(), 2);
    }
}
