//! What the attributes expand to. Not public API.

pub use linkme;

use std::future::Future;

pub use crate::{
    MetricName,
    outcome::{Classify, Outcome},
    site::{Declaration, SITES, Site},
};

/// Counts `n` on the `calls` metric of a site (`#[count]`), at the start of the body.
#[inline]
pub fn count(_site: &'static Site, _n: u64) {}

/// Runs a sync body and counts its outcome, a panic as failure.
#[inline]
pub fn call<R>(
    _site: &'static Site,
    _classify: impl FnOnce(&R) -> Outcome,
    body: impl FnOnce() -> R,
) -> R {
    body()
}

/// Wraps an async body: armed at the first poll, counts the outcome, a panic as failure, a drop as interrupted.
#[inline]
pub fn track<F: Future>(
    _site: &'static Site,
    _classify: impl FnOnce(&F::Output) -> Outcome,
    future: F,
) -> impl Future<Output = F::Output> {
    future
}

/// The classifier of a return type that says by itself how the call ended.
#[inline]
pub fn classify<R: Classify>(value: &R) -> Outcome {
    value.outcome()
}
