//! The items that generated code uses. Not public API.

pub use linkme;
pub use tt_metrics_macros::__counted;

use std::future::Future;

pub use crate::{
    count::{
        detailed_call::by_error,
        each::{Tally, all, apply, calls, each, each_by, rest},
        form::{Opaque, Returned, Value, body},
        items::items,
        layer::{CountLayer, ItemsLayer, OutcomeLayer},
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
    layer::Layer,
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

/// Wraps an async body by a layer whose future holds more than the body: a number of items, a clock, or dimensions.
#[inline]
pub fn track_layer<F: Future, V>(
    layer: impl Layer<V>,
    classify: impl FnMut(&F::Output) -> V,
    future: F,
) -> impl Future<Output = F::Output> {
    layer.track(future, classify)
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
