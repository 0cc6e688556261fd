//! The items that generated code uses. Not public API.

pub use linkme;

use std::future::Future;

pub use crate::{
    count::{
        call::Call,
        detailed_call::by_error,
        each::{
            Tally, all, apply, call_each, calls, each, each_by, rest, track_each_returned,
            track_items,
        },
        items::{about, items},
        part::{LentPart, Part},
        returned::{boxed, count_returned, into_pin, made, pinned, track_returned},
        series::Series,
    },
    declare::{
        Declaration, DeclaredDimension, Site,
        catalogue::{encode, encoded_len},
        declaration::{check, distinct},
        gauge::{GAUGES, Gauge},
        level::Level,
        namespace::NAMESPACES,
        site::{SITES, State},
        texts::{Place, Texts},
    },
    metric::{
        Classify, MetricName, Namespace, Outcome, Resolution, Unit, dimension::Values,
        namespace::check as check_namespace,
    },
    sink::emf::render_document,
    testing::assert_counts,
};

use crate::count::{
    call,
    track::{Track, mark::Begun},
};

/// The name of a metric as the attribute has it, which has checked it.
#[must_use]
pub const fn metric_name(checked: &'static str) -> MetricName {
    MetricName::new_unchecked(checked)
}

/// Counts `n` on the `calls` metric of a site (`#[count]`), at the start of the body.
#[inline]
pub fn count(site: &'static Site, n: u64) {
    call::count(site, n);
}

/// Runs a sync body and counts its outcome, a panic as failure.
#[inline]
pub fn call<R>(
    site: &'static Site,
    body: impl FnOnce() -> R,
    classify: impl FnOnce(&R) -> Outcome,
) -> R {
    call::call(site, classify, body)
}

/// Comes first in an async body that is wrapped by [`track`] or [`track_each`]: counts the beginning of the call, and
/// tells its end.
#[inline]
pub fn begun(site: &'static Site) -> Begun {
    call::begin(site);
    Begun::new()
}

/// Wraps an async body: begins at the first poll, counts the outcome, a panic as failure, a drop as interrupted.
#[inline]
pub fn track<F: Future>(
    site: impl Fn() -> &'static Site,
    classify: impl FnMut(&F::Output) -> Outcome,
    future: F,
) -> impl Future<Output = F::Output> {
    Track::new(site, classify, future)
}

/// The same for a body that yields a collection of outcomes: each item is counted, and one for a call without a value.
#[inline]
pub fn track_each<F: Future>(
    site: impl Fn() -> &'static Site,
    classify: impl FnMut(&F::Output) -> Tally,
    future: F,
) -> impl Future<Output = F::Output> {
    Track::new(site, classify, future)
}

/// Runs a body and counts nothing (feature `off`).
#[inline]
pub fn uncounted<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// The classifier of a return type that says by itself how the call ended.
#[inline]
pub fn classify<R: Classify>(value: &R) -> Outcome {
    value.outcome()
}
