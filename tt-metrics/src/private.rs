//! What the attributes expand to. Not public API.

pub use linkme;

use std::future::Future;

pub use crate::{
    MetricName,
    outcome::{Classify, Outcome},
    site::{Declaration, SITES, Site},
};

use crate::call;

/// Counts `n` on the `calls` metric of a site (`#[count]`), at the start of the body.
#[inline]
pub fn count(site: &'static Site, n: u64) {
    call::count(site, n);
}

/// Runs a sync body and counts its outcome, a panic as failure.
#[inline]
pub fn call<R>(
    site: &'static Site,
    classify: impl FnOnce(&R) -> Outcome,
    body: impl FnOnce() -> R,
) -> R {
    call::call(site, classify, body)
}

/// Wraps an async body: armed at the first poll, counts the outcome, a panic as failure, a drop as interrupted.
#[inline]
pub fn track<F: Future>(
    site: &'static Site,
    classify: impl FnOnce(&F::Output) -> Outcome,
    future: F,
) -> impl Future<Output = F::Output> {
    call::Track::new(site, classify, future)
}

/// The classifier of a return type that says by itself how the call ended.
#[inline]
pub fn classify<R: Classify>(value: &R) -> Outcome {
    value.outcome()
}
