//! What the layer asks of a flusher while an invocation runs.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant, SystemTime},
};

use tokio::time::timeout;

use super::{Flusher, Moment};
use crate::{
    count::sync::lock,
    flush::{contributors::Told, in_flight::Flight},
    sink::{Invocation, Sink},
};

impl<K: Sink> Flusher<K> {
    /// An invocation runs, and may count until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>, invocation: &Invocation) -> Running<K> {
        let request_id = invocation.request_id.clone();
        self.contributors.enter(&request_id);
        Running {
            flusher: Arc::clone(self),
            request_id: Some(request_id),
        }
    }

    /// Lets the sink send what it has kept itself: the process ends, or a snapshot is taken of it.
    pub(crate) async fn finish(&self, budget: Duration) {
        if self.config.disabled {
            return;
        }
        let until = Instant::now() + budget;
        let last = Flight::new(SystemTime::now(), Vec::new(), None, until);
        let mut finish = pin!(async { self.sink.finish(self.batch(&last), budget).await });
        let finish = poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| finish.as_mut().poll(cx)));
            polled.unwrap_or_else(|_| {
                tracing::error!("the sink panicked when it should send what it has kept");
                Poll::Ready(())
            })
        });
        if timeout(budget, finish).await.is_err() {
            tracing::warn!("the sink did not send in time what it has kept");
        }
    }

    /// Counts that an invocation came close to its deadline.
    pub(crate) fn deadline_is_near(&self) {
        self.health.timeout_imminent.add(1);
    }

    /// How long counts may be kept.
    pub(crate) fn interval(&self) -> Duration {
        self.config.flush_interval
    }

    /// How long a flush may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.config.flush_timeout
    }

    /// Whether counts were kept for as long as they may be.
    pub(crate) fn is_due(&self) -> bool {
        let flushed_at = *lock(&self.flushed_at);
        flushed_at.is_none_or(|at| at.elapsed() >= self.config.flush_interval)
    }

    /// Forgets what was counted: it is in the snapshot of which this process is one of many copies.
    pub(crate) fn begin_anew(&self) {
        let _of_the_snapshot = self.drain(None, Moment::Early);
        self.sink.begin_anew();
        *lock(&self.flushed_at) = None;
    }
}

/// An invocation that runs.
#[derive(Debug)]
pub(crate) struct Running<K> {
    flusher: Arc<Flusher<K>>,
    request_id: Option<String>,
}

impl<K> Running<K> {
    /// It has ended; says whether counts were sent while it ran.
    pub(crate) fn end(mut self) -> Told {
        self.leave()
    }

    fn leave(&mut self) -> Told {
        let request_id = self.request_id.take();
        request_id.map_or(Told::Nothing, |it| self.flusher.contributors.leave(&it))
    }
}

impl<K> Drop for Running<K> {
    fn drop(&mut self) {
        self.leave();
    }
}
