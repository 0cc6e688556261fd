//! Each kind of attribute as a layer around a body: how it counts a sync call, and how a future.
//!
//! | layer | attribute | sync call | future |
//! |---|---|---|---|
//! | [`OutcomeLayer`] | `count_outcome` | `call::call` | `track::Track` |
//! | [`ItemsLayer`] | `count_outcome` with `items` or `each`, `count` with a closure of `items` | `items::call_each` | `items::TrackEach` |
//! | [`SeriesLayer`] | `count_outcome` with dimensions, latency or calls in flight | `Series::call` | `Series::track` |
//! | [`CountLayer`] | `count` | `record::calls` | the same at the first poll |
//! | [`SeriesCountLayer`] | `count` with dimensions, latency or calls in flight | `Series::open` | the same at the first poll |

use std::future::Future;

use crate::{
    count::{
        breakdown::Series,
        breakdown_call::OutcomeWithError,
        call,
        items::{Tally, TrackEach, call_each},
        marks::BodyMarker,
        record,
        track::Track,
    },
    declare::site::Site,
    metric::Outcome,
};

/// What one attribute counts. `V` is the verdict of its classifier.
pub trait Layer<V>: Sized {
    /// Runs a sync body as a counted call.
    fn call<R>(self, body: impl FnOnce() -> R, classify: impl FnMut(&R) -> V) -> R;

    /// Wraps a future, which is a counted call from its first poll on.
    fn track<F: Future>(
        self,
        future: F,
        classify: impl FnMut(&F::Output) -> V,
    ) -> impl Future<Output = F::Output>;
}

/// Counts the outcome of a call.
#[derive(Debug)]
pub struct OutcomeLayer(pub &'static Site);

impl Layer<Outcome> for OutcomeLayer {
    #[inline]
    fn call<R>(self, body: impl FnOnce() -> R, classify: impl FnMut(&R) -> Outcome) -> R {
        call::call(self.0, classify, body)
    }

    #[inline]
    fn track<F: Future>(
        self,
        future: F,
        classify: impl FnMut(&F::Output) -> Outcome,
    ) -> impl Future<Output = F::Output> {
        let site = self.0;
        Track::new(move || site, classify, async move {
            record::begin(site, 1);
            let _begun = BodyMarker::new();
            future.await
        })
    }
}

/// Counts the outcomes of the items of a call, and of how many there are if that was given.
#[derive(Debug)]
pub struct ItemsLayer(pub &'static Site, pub Option<u64>);

impl Layer<Tally> for ItemsLayer {
    #[inline]
    fn call<R>(self, body: impl FnOnce() -> R, classify: impl FnMut(&R) -> Tally) -> R {
        call_each(self.0, self.1, body, classify)
    }

    #[inline]
    fn track<F: Future>(
        self,
        future: F,
        classify: impl FnMut(&F::Output) -> Tally,
    ) -> impl Future<Output = F::Output> {
        TrackEach::new(self.0, self.1, classify, future)
    }
}

/// Counts the outcome of a call under its dimensions, with its duration, and the calls in flight.
#[derive(Debug)]
pub struct SeriesLayer {
    site: &'static Site,
    series: Series,
}

impl<V: Into<OutcomeWithError>> Layer<V> for SeriesLayer {
    #[inline]
    fn call<R>(self, body: impl FnOnce() -> R, classify: impl FnMut(&R) -> V) -> R {
        self.series.call(self.site, body, classify)
    }

    #[inline]
    fn track<F: Future>(
        self,
        future: F,
        classify: impl FnMut(&F::Output) -> V,
    ) -> impl Future<Output = F::Output> {
        self.series.track(self.site, classify, future)
    }
}

/// Counts so many calls when one begins.
#[derive(Debug)]
pub struct CountLayer(pub &'static Site, pub u64);

impl Layer<()> for CountLayer {
    #[inline]
    fn call<R>(self, body: impl FnOnce() -> R, _: impl FnMut(&R)) -> R {
        record::calls(self.0, self.1);
        body()
    }

    #[inline]
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` would hold the classifier in its future"
    )]
    fn track<F: Future>(
        self,
        future: F,
        _: impl FnMut(&F::Output),
    ) -> impl Future<Output = F::Output> {
        async move {
            record::calls(self.0, self.1);
            future.await
        }
    }
}

/// Counts so many calls under their dimensions, with the duration of this one, and the calls in flight.
#[derive(Debug)]
pub struct SeriesCountLayer {
    site: &'static Site,
    series: Series,
    number: u64,
}

impl Layer<()> for SeriesCountLayer {
    #[inline]
    fn call<R>(self, body: impl FnOnce() -> R, _: impl FnMut(&R)) -> R {
        let _open = self.series.open(self.site, self.number);
        body()
    }

    #[inline]
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` would hold the classifier in its future"
    )]
    fn track<F: Future>(
        self,
        future: F,
        _: impl FnMut(&F::Output),
    ) -> impl Future<Output = F::Output> {
        async move {
            let _open = self.series.open(self.site, self.number);
            future.await
        }
    }
}

impl Series {
    /// The layer of `#[count_outcome]`.
    #[inline]
    #[must_use]
    pub fn layer(self, site: &'static Site) -> SeriesLayer {
        SeriesLayer { site, series: self }
    }

    /// The layer of `#[count]`.
    #[inline]
    #[must_use]
    pub fn count_layer(self, site: &'static Site, number: u64) -> SeriesCountLayer {
        SeriesCountLayer {
            site,
            series: self,
            number,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        panic::{AssertUnwindSafe, catch_unwind},
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::{
        declare::{declaration::Declaration, site::SITES},
        metric::MetricName,
        testing::capture,
    };

    const DONE: &str = "LayerDone";
    const FAILED: &str = "LayerFailed";
    const INTERRUPTED: &str = "LayerInterrupted";

    const DECLARATION: Declaration = Declaration {
        success: Some(MetricName::new(DONE)),
        failure: Some(MetricName::new(FAILED)),
        interrupted: Some(MetricName::new(INTERRUPTED)),
        ..Declaration::new("layer", file!(), line!(), "")
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
                assert!(poll(pin!(OutcomeLayer(&SITE).track(ready(answer), classify))).is_ready());
            })
        };
        assert_eq!(count(Ok(())), [1, 0, 0]);
        assert_eq!(count(Err(String::new())), [0, 1, 0]);
    }

    #[test]
    fn a_future_that_was_never_polled_is_no_call() {
        let future = OutcomeLayer(&SITE).track(ready(Answer::Ok(())), classify);
        assert_eq!(moved(|| drop(future)), [0, 0, 0]);
    }

    #[test]
    fn a_future_dropped_on_the_way_is_interrupted() {
        let begin = || {
            assert!(
                poll(pin!(
                    OutcomeLayer(&SITE).track(pending::<Answer>(), classify)
                ))
                .is_pending()
            );
        };
        assert_eq!(moved(begin), [0, 0, 1]);
    }

    #[test]
    fn a_future_or_classifier_that_panics_is_one_failure_whenever_it_is_dropped() {
        let panicking = async { refused() };
        let count = moved(|| {
            let mut future = pin!(OutcomeLayer(&SITE).track(panicking, classify));
            let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
            assert!(polled.is_err());
        });
        assert_eq!(count, [0, 1, 0]);
        let count = moved(|| {
            let mut future = pin!(OutcomeLayer(&SITE).track(ready(Answer::Ok(())), refuse));
            let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
            assert!(polled.is_err());
        });
        assert_eq!(count, [0, 1, 0]);
    }
}
