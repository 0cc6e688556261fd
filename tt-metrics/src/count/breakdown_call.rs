//! A counted call with dimensions, errors, latency or the number of open calls.

use std::{
    future::Future,
    mem::{self, ManuallyDrop},
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use pin_project_lite::pin_project;

use super::{
    breakdown::{ErrorValue, Series},
    panic::{FailedBreakdown, PanicGuard},
    record,
};
use crate::{
    declare::{kind::Kind, site::Site},
    metric::{Outcome, dimension::Values},
};

/// A call from its beginning to its end. Dropped while suspended, it is interrupted.
#[derive(Debug)]
pub struct OpenCall {
    site: &'static Site,
    series: Series,
    began: Option<Instant>,
    /// `#[count]` counts the call when it begins, so it has no outcome.
    has_outcome: bool,
}

impl OpenCall {
    /// The beginning of a call: reads the clock for `latency` and adds to the open calls for `in_flight`.
    #[inline]
    fn begin(site: &'static Site, series: Series, has_outcome: bool) -> Self {
        if has_outcome {
            record::begin(site, 1);
        }
        if let Some((_, level)) = site.level() {
            level.enter();
        }
        Self {
            site,
            series,
            began: site.declaration.latency.map(|_| Instant::now()),
            has_outcome,
        }
    }

    /// The guard for code of the user. It takes over from `self`, which is to be forgotten meanwhile.
    #[inline]
    fn guard(&self) -> PanicGuard<FailedBreakdown> {
        PanicGuard::new(FailedBreakdown {
            site: self.site,
            series: self.series,
            began: self.began,
        })
    }

    #[inline]
    fn end(self, end: impl Into<OutcomeWithError>) {
        let OutcomeWithError(outcome, error) = end.into();
        record::record_breakdown(self.site, self.series, Kind::from(outcome), 1, error);
        record::leave(self.site, self.began);
        mem::forget(self);
    }
}

impl Drop for OpenCall {
    #[cold]
    fn drop(&mut self) {
        if self.has_outcome {
            record::record_breakdown(self.site, self.series, Kind::Interrupted, 1, None);
        }
        record::leave(self.site, self.began);
    }
}

/// The outcome of a call, and its error where that is counted (`failure_by`).
#[derive(Debug, Clone, Copy)]
pub struct OutcomeWithError(Outcome, Option<ErrorValue>);

impl From<Outcome> for OutcomeWithError {
    #[inline]
    fn from(outcome: Outcome) -> Self {
        Self(outcome, None)
    }
}

/// A return value that may contain an error, for `failure_by`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds no error of type `{E}`",
    label = "`failure_by` finds no such error in it",
    note = "`failure_by` names the error type of the returned `Result`"
)]
pub trait MayFail<E> {
    /// The error, if the call failed with one.
    fn error(&self) -> Option<&E>;
}

impl<T, E> MayFail<E> for Result<T, E> {
    fn error(&self) -> Option<&E> {
        self.as_ref().err()
    }
}

impl<T, E> MayFail<E> for Result<T, Box<E>> {
    fn error(&self) -> Option<&E> {
        self.as_ref().err().map(|error| &**error)
    }
}

impl<E, C> MayFail<E> for ControlFlow<E, C> {
    fn error(&self) -> Option<&E> {
        match self {
            Self::Break(error) => Some(error),
            Self::Continue(_) => None,
        }
    }
}

/// Adds the error of a return value to its outcome.
#[inline]
pub fn by_error<E, R: MayFail<E>>(
    values: &Values<E>,
    value: &R,
    outcome: Outcome,
) -> OutcomeWithError {
    let error = || match value.error() {
        Some(error) => ErrorValue::Variant(values.index(error)),
        None => ErrorValue::Other,
    };
    OutcomeWithError(outcome, (outcome == Outcome::Failure).then(error))
}

impl Series {
    /// Counts `n` calls under these dimensions. The returned call is open until it is dropped (`#[count]`).
    #[inline]
    pub fn open(self, site: &'static Site, n: u64) -> OpenCall {
        let open = OpenCall::begin(site, self, false);
        record::record_breakdown(site, self, Kind::Calls, n, None);
        open
    }

    /// Runs a sync body as a call under these dimensions.
    #[inline]
    pub fn call<R, E: Into<OutcomeWithError>>(
        self,
        site: &'static Site,
        body: impl FnOnce() -> R,
        classify: impl FnOnce(&R) -> E,
    ) -> R {
        let open = ManuallyDrop::new(OpenCall::begin(site, self, true));
        let guard = open.guard();
        let value = body();
        let end = classify(&value);
        guard.returned();
        ManuallyDrop::into_inner(open).end(end);
        value
    }

    /// Wraps an async body as a call under these dimensions, which begins at the first poll.
    #[inline]
    pub fn track<F: Future, E: Into<OutcomeWithError>>(
        self,
        site: &'static Site,
        classify: impl FnOnce(&F::Output) -> E,
        future: F,
    ) -> impl Future<Output = F::Output> {
        TrackBreakdown {
            future,
            classify: Some(classify),
            open: None,
            site,
            series: self,
        }
    }
}

pin_project! {
    /// The future of a call with a breakdown.
    #[must_use = "futures do nothing unless polled"]
    struct TrackBreakdown<F, C> {
        // Dropped before `open`, as the arguments of a sync call are dropped before its outcome is counted.
        #[pin]
        future: F,
        classify: Option<C>,
        // From the first poll to the end of the call.
        open: Option<OpenCall>,
        site: &'static Site,
        series: Series,
    }
}

impl<F, C, E> Future for TrackBreakdown<F, C>
where
    F: Future,
    C: FnOnce(&F::Output) -> E,
    E: Into<OutcomeWithError>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Taken until the poll ends, and put back if the call is pending: a call that has ended cannot be counted twice.
        let Some(classify) = this.classify.take() else {
            return this.future.poll(cx);
        };
        let begin = || OpenCall::begin(this.site, *this.series, true);
        let open = ManuallyDrop::new(this.open.take().unwrap_or_else(begin));
        // A panic may be caught between this poll and the drop of the future, so it is counted here.
        let guard = open.guard();
        let polled = this.future.poll(cx);
        if let Poll::Ready(value) = &polled {
            let end = classify(value);
            guard.returned();
            ManuallyDrop::into_inner(open).end(end);
        } else {
            guard.returned();
            *this.classify = Some(classify);
            *this.open = Some(ManuallyDrop::into_inner(open));
        }
        polled
    }
}
