//! The items that generated code uses. Not public API.

pub use linkme;
pub use tt_metrics_macros::__counted;

use std::future::Future;

pub use crate::{
    count::{
        breakdown::Series,
        breakdown_call::by_error,
        form::{Opaque, Returned, Value, body},
        items::{Tally, all, apply, calls, each, each_by, items, rest},
        layer::{CountLayer, ItemsLayer, OutcomeLayer},
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

use crate::count::{layer::Layer, marks::BodyMarker, record, track::Track};

/// A metric name that the attribute has checked.
#[must_use]
pub const fn metric_name(checked: &'static str) -> MetricName {
    MetricName::new_unchecked(checked)
}

/// Counts `n` on the `calls` metric of a site (`#[count]`), at the start of the body.
#[inline]
pub fn count(site: &'static Site, n: u64) {
    record::calls(site, n);
}

/// The first statement of an async body that is wrapped by [`track`] or [`track_tally`]: counts the beginning of the call,
/// and marks its end when the result is dropped.
#[inline]
pub fn begun(site: &'static Site) -> BodyMarker {
    record::begin(site, 1);
    BodyMarker::new()
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

/// As [`track`], for a body that returns a collection: counts each item, and one for a call that returns no value.
#[inline]
pub fn track_tally<F: Future>(
    site: impl Fn() -> &'static Site,
    classify: impl FnMut(&F::Output) -> Tally,
    future: F,
) -> impl Future<Output = F::Output> {
    Track::new(site, classify, future)
}

/// Wraps an async body by a layer whose future contains more than the body: a number of items, a clock, or dimensions.
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

/// The classifier of a return type that implements [`Classify`].
#[inline]
pub fn classify<R: Classify>(value: &R) -> Outcome {
    value.outcome()
}
