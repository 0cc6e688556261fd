//! The buffer of a capture, and how threads and futures enter it.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    thread::{self, ThreadId},
};

use pin_project_lite::pin_project;

#[cfg(any(feature = "lambda", feature = "put-metric-data"))]
use crate::count::{buffer::BUFFER, sync::lock};
use crate::{
    count::{
        buffer::{Buffer, Shard},
        counter,
    },
    declare::site::SITES,
};

/// The buffer that the threads of a capture count into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope(pub(super) &'static Buffer);

impl Scope {
    /// Creates a buffer. It is leaked, because a thread that counted into it may outlive the test.
    pub(super) fn new() -> Self {
        Self(Box::leak(Box::new(Buffer::new(|| SITES.static_slice()))))
    }

    /// The scope of the current tokio runtime, which all captures in it share.
    #[cfg(any(feature = "lambda", feature = "put-metric-data"))]
    pub(super) fn of_this_runtime() -> Option<Self> {
        let runtime = tokio::runtime::Handle::try_current().ok()?.id();
        counter::route_new_threads(buffer_of_this_thread);
        let mut scopes = lock(&SCOPES);
        let known = scopes.iter().find(|(other, _)| *other == runtime);
        let known = known.map(|(_, scope)| *scope);
        Some(known.unwrap_or_else(|| {
            let scope = Self::new();
            scopes.push((runtime, scope));
            scope
        }))
    }

    #[cfg(not(any(feature = "lambda", feature = "put-metric-data")))]
    pub(super) fn of_this_runtime() -> Option<Self> {
        None
    }

    /// Redirects the counts of this thread into the scope.
    pub(super) fn enter(self) -> CaptureGuard {
        let shard = ShardCache::take(self.0).unwrap_or_else(|| self.0.claim());
        CaptureGuard {
            scope: self,
            shard,
            previous: counter::redirect(shard),
            thread: thread::current().id(),
        }
    }
}

#[cfg(any(feature = "lambda", feature = "put-metric-data"))]
static SCOPES: std::sync::Mutex<Vec<(tokio::runtime::Id, Scope)>> =
    std::sync::Mutex::new(Vec::new());

/// The buffer of a thread that counts for the first time outside of a capture: that of the captures of its runtime, or the
/// buffer of the process.
#[cfg(any(feature = "lambda", feature = "put-metric-data"))]
fn buffer_of_this_thread() -> &'static Buffer {
    let runtime = tokio::runtime::Handle::try_current();
    let runtime = runtime.ok().map(|handle| handle.id());
    let scopes = lock(&SCOPES);
    let found = scopes.iter().find(|(id, _)| Some(*id) == runtime);
    found.map_or(&*BUFFER, |(_, scope)| scope.0)
}

/// While it is alive, its thread counts into the capture ([`Capture::enter`](crate::Capture::enter)).
#[derive(Debug)]
pub struct CaptureGuard {
    scope: Scope,
    shard: Shard,
    previous: Shard,
    thread: ThreadId,
}

impl Drop for CaptureGuard {
    fn drop(&mut self) {
        // Only the thread that leased the shard may return it.
        if thread::current().id() != self.thread {
            return;
        }
        let current = counter::redirect(self.previous);
        if current.is(self.shard) {
            ShardCache::keep(self.scope.0, self.shard);
        } else {
            // The guards are dropped in another order than they were created: the newer one stays in effect.
            counter::redirect(current);
        }
    }
}

/// The shards of the captures that this thread has left.
///
/// They stay with the thread until it ends: a call that began while the thread was in the capture may still end in it.
#[derive(Debug)]
struct ShardCache(RefCell<Vec<(&'static Buffer, Shard)>>);

thread_local! {
    static SHARDS: ShardCache = const { ShardCache(RefCell::new(Vec::new())) };
}

impl ShardCache {
    fn take(buffer: &'static Buffer) -> Option<Shard> {
        let take = |cache: &Self| {
            let mut shards = cache.0.borrow_mut();
            let found = shards
                .iter()
                .rposition(|(of, _)| std::ptr::eq(*of, buffer))?;
            Some(shards.swap_remove(found).1)
        };
        SHARDS.try_with(take).ok().flatten()
    }

    fn keep(buffer: &'static Buffer, shard: Shard) {
        if SHARDS
            .try_with(|cache| cache.0.borrow_mut().push((buffer, shard)))
            .is_err()
        {
            // The destructors of the thread have run.
            buffer.release(shard);
        }
    }
}

impl Drop for ShardCache {
    fn drop(&mut self) {
        for (buffer, shard) in self.0.take() {
            buffer.release(shard);
        }
    }
}

pin_project! {
    /// A future that enters a capture for each poll.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Followed<F> {
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
        let _guard = this.scope.enter();
        this.future.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shard_of_a_capture_stays_with_its_thread_until_that_thread_ends() {
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
