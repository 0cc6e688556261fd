//! Calls of which more is told than how they ended: under which dimensions, by which error, how long, how many at once.

use std::{
    future::Future,
    mem,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use pin_project_lite::pin_project;

use crate::{
    count::{
        aborting::Running,
        call, counter,
        detail::{self, Error},
        latency,
        series::Series,
    },
    declare::{kind::Kind, site::Site},
    metric::{Outcome, dimension::Values},
};

/// A detailed call from its beginning to its end.
///
/// Dropped, it has no outcome of its own: by a panic it is a failure, otherwise it is interrupted.
#[derive(Debug)]
pub struct Open {
    site: &'static Site,
    series: Series,
    began: Option<Instant>,
    dropped: Dropped,
}

/// What a call is that is dropped before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dropped {
    /// Between two polls: interrupted.
    Waiting,
    /// While its code runs: that panics.
    Running,
    /// It is counted already (`#[count]`).
    Counted,
}

impl Open {
    /// The beginning of a call: the clock is read and the level rises, where the attribute asks for it.
    #[inline]
    fn begin(site: &'static Site, series: Series, dropped: Dropped) -> Self {
        if dropped != Dropped::Counted {
            call::begin(site);
        }
        if let Some((_, level)) = site.level() {
            level.enter();
        }
        Self {
            site,
            series,
            began: site.declaration.latency.map(|_| Instant::now()),
            dropped,
        }
    }

    /// The end of a call.
    #[inline]
    fn end(self, ended: impl Into<Ended>) {
        let Ended(outcome, error) = ended.into();
        self.count(Kind::from(outcome), 1, error);
        self.leave();
        mem::forget(self);
    }

    #[inline]
    fn count(&self, kind: Kind, n: u64, error: Option<Error>) {
        call::end(self.site);
        let declaration = self.site.declaration;
        if declaration.dimensions.is_empty() {
            counter::add(self.site, kind, n);
        } else {
            counter::add_detail(self.site, detail::series_at(self.series, kind), n);
        }
        if let (Some(error), false) = (error, declaration.errors.is_empty()) {
            counter::add_detail(self.site, detail::error_at(declaration, error), n);
        }
    }

    #[inline]
    fn leave(&self) {
        if let Some(began) = self.began {
            let bucket = latency::bucket(began.elapsed());
            let at = detail::latency_at(self.site.declaration) + bucket;
            counter::add_detail(self.site, at, 1);
        }
        if let Some((_, level)) = self.site.level() {
            level.leave();
        }
    }
}

impl Drop for Open {
    #[cold]
    fn drop(&mut self) {
        match self.dropped {
            Dropped::Waiting => self.count(Kind::Interrupted, 1, None),
            Dropped::Running => self.count(Kind::Failure, 1, Some(Error::Panic)),
            Dropped::Counted => {}
        }
        self.leave();
    }
}

/// How a call ended, and by which error where that is counted.
#[derive(Debug, Clone, Copy)]
pub struct Ended(Outcome, Option<Error>);

impl From<Outcome> for Ended {
    #[inline]
    fn from(outcome: Outcome) -> Self {
        Self(outcome, None)
    }
}

/// A return value that may hold an error, for `failure_by`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds no error of type `{E}`",
    label = "`failure_by` finds no such error in it",
    note = "`failure_by` names the error type of the returned `Result`"
)]
pub trait MayFail<E> {
    /// The error, if it is one.
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
pub fn by_error<E, R: MayFail<E>>(values: &Values<E>, value: &R, outcome: Outcome) -> Ended {
    let error = || match value.error() {
        Some(error) => Error::Variant(values.index(error)),
        None => Error::Other,
    };
    Ended(outcome, (outcome == Outcome::Failure).then(error))
}

impl Series {
    /// Counts `n` calls of a site under their dimensions, and opens this one until it is dropped (`#[count]`).
    #[inline]
    pub fn open(self, site: &'static Site, n: u64) -> Open {
        let open = Open::begin(site, self, Dropped::Counted);
        open.count(Kind::Calls, n, None);
        open
    }

    /// Runs a sync body as a detailed call.
    #[inline]
    pub fn call<R, E: Into<Ended>>(
        self,
        site: &'static Site,
        body: impl FnOnce() -> R,
        classify: impl FnOnce(&R) -> E,
    ) -> R {
        let open = Open::begin(site, self, Dropped::Running);
        let _running = Running::of(site);
        let value = body();
        let ended = classify(&value);
        open.end(ended);
        value
    }

    /// Wraps an async body as a detailed call: it begins at the first poll.
    #[inline]
    pub fn track<F: Future, E: Into<Ended>>(
        self,
        site: &'static Site,
        classify: impl FnOnce(&F::Output) -> E,
        future: F,
    ) -> impl Future<Output = F::Output> {
        TrackDetailed {
            future,
            classify: Some(classify),
            open: None,
            site,
            series: self,
        }
    }
}

pin_project! {
    /// The future of a detailed call.
    #[must_use = "futures do nothing unless polled"]
    struct TrackDetailed<F, C> {
        // Dropped before `open` is, as the arguments of a sync call are before its outcome is counted.
        #[pin]
        future: F,
        classify: Option<C>,
        // From the first poll to the end of the call.
        open: Option<Open>,
        site: &'static Site,
        series: Series,
    }
}

impl<F, C, E> Future for TrackDetailed<F, C>
where
    F: Future,
    C: FnOnce(&F::Output) -> E,
    E: Into<Ended>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Given back when the call goes on, so a call cannot be counted twice.
        let Some(classify) = this.classify.take() else {
            return this.future.poll(cx);
        };
        let begin = || Open::begin(this.site, *this.series, Dropped::Waiting);
        let mut open = this.open.take().unwrap_or_else(begin);
        // A panic is often caught between this poll and the drop of the future, so it is noticed here, not there.
        open.dropped = Dropped::Running;
        let _running = Running::of(this.site);
        let polled = this.future.poll(cx);
        if let Poll::Ready(value) = &polled {
            let ended = classify(value);
            open.end(ended);
        } else {
            open.dropped = Dropped::Waiting;
            *this.classify = Some(classify);
            *this.open = Some(open);
        }
        polled
    }
}
