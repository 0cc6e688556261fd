//! Functions that return a future: the call is the future, from its first poll, whatever made it.
//!
//! The types are named, since an `impl Future` would keep what the body has borrowed.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::items::said;
use crate::{
    count::{
        aborting::Running,
        call::{self, FailureOnUnwind},
        counter,
    },
    declare::{kind::Kind, site::Site},
    metric::Outcome,
};

/// Tracks the future that a sync body returns.
#[inline]
pub fn track_returned<F, C>(
    site: &'static Site,
    classify: C,
    body: impl FnOnce() -> F,
) -> TrackReturned<F, C>
where
    F: Future,
    C: FnOnce(&F::Output) -> Outcome,
{
    TrackReturned {
        future: body(),
        classify: Some(classify),
        began: false,
        site,
    }
}

pin_project! {
    /// The counted future of a call, where the body of the future is not ours and cannot say when it begins and ends.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct TrackReturned<F, C> {
        #[pin]
        future: F,
        // Taken when the call has ended, so a call cannot be counted twice.
        classify: Option<C>,
        began: bool,
        site: &'static Site,
    }

    impl<F, C> PinnedDrop for TrackReturned<F, C> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if *this.began && this.classify.is_some() {
                call::record_interrupted(this.site);
            }
        }
    }
}

impl<F, C> Future for TrackReturned<F, C>
where
    F: Future,
    C: FnOnce(&F::Output) -> Outcome,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !mem::replace(this.began, true) {
            call::begin(this.site);
        }
        let _running = Running::of(this.site);
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
            call::record(this.site, outcome);
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
    // Inlined, so that a future that is awaited where it was made can live in registers.
    #[inline]
    fn drop(&mut self) {
        if self.classify.take().is_some() {
            call::record_failure(self.site);
        }
    }
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

/// A body that makes a future in a box, which is pinned there.
pub fn into_pin<F: Future + ?Sized>(body: impl FnOnce() -> Box<F>) -> impl FnOnce() -> Pin<Box<F>> {
    move || Box::into_pin(body())
}

/// The future that a sync body returns.
pub fn made<F: Future>(body: impl FnOnce() -> F) -> F {
    body()
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        panic::{AssertUnwindSafe, catch_unwind},
        pin::pin,
        task::Waker,
    };

    use super::*;
    use crate::{
        declare::{declaration::Declaration, site::SITES},
        metric::MetricName,
        testing::capture,
    };

    const DONE: &str = "ReturnedDone";
    const FAILED: &str = "ReturnedFailed";
    const INTERRUPTED: &str = "ReturnedInterrupted";

    const DECLARATION: Declaration = Declaration {
        success: Some(MetricName::new(DONE)),
        failure: Some(MetricName::new(FAILED)),
        interrupted: Some(MetricName::new(INTERRUPTED)),
        ..Declaration::new("returned", file!(), line!(), "")
    };

    #[linkme::distributed_slice(SITES)]
    #[expect(unsafe_code, reason = "the list of sites is a section of the binary")]
    static SITE: Site = Site::new(&DECLARATION, &[]);

    type Answer = Result<(), String>;

    fn classify(answer: &Answer) -> Outcome {
        crate::metric::Classify::outcome(answer)
    }

    fn refuse(_: &Answer) -> Outcome {
        panic!("the classifier panics")
    }

    fn refused() -> Answer {
        panic!("the body panics")
    }

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// What `work` moved: done, failed, interrupted.
    fn moved(work: impl FnOnce()) -> [u64; 3] {
        let metrics = capture();
        work();
        [DONE, FAILED, INTERRUPTED].map(|metric| metrics.count(metric))
    }

    #[test]
    fn a_future_that_ends_counts_what_it_returns_once() {
        let count = |answer: Answer| {
            moved(|| {
                assert!(poll(pin!(track_returned(&SITE, classify, || ready(answer)))).is_ready());
            })
        };
        assert_eq!(count(Ok(())), [1, 0, 0]);
        assert_eq!(count(Err(String::new())), [0, 1, 0]);
    }

    #[test]
    fn a_future_that_was_never_polled_is_no_call() {
        let future = track_returned(&SITE, classify, || ready(Answer::Ok(())));
        assert_eq!(moved(|| drop(future)), [0, 0, 0]);
    }

    #[test]
    fn a_future_dropped_on_the_way_is_interrupted() {
        let begin =
            || assert!(poll(pin!(track_returned(&SITE, classify, pending::<Answer>))).is_pending());
        assert_eq!(moved(begin), [0, 0, 1]);
    }

    #[test]
    fn a_future_or_classifier_that_panics_is_one_failure_whenever_it_is_dropped() {
        let panicking = async { refused() };
        let count = moved(|| {
            let mut future = pin!(track_returned(&SITE, classify, || panicking));
            let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
            assert!(polled.is_err());
        });
        assert_eq!(count, [0, 1, 0]);
        let count = moved(|| {
            let mut future = pin!(track_returned(&SITE, refuse, || ready(Answer::Ok(()))));
            let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
            assert!(polled.is_err());
        });
        assert_eq!(count, [0, 1, 0]);
    }
}
