//! Adds the beginning and the end of a call to the cells of its site.

use std::time::Instant;

use super::{
    breakdown::{self, ErrorValue, Series},
    counter, latency,
    sync::{Ordering, fence},
};
use crate::{
    declare::{kind::Kind, site::Site},
    metric::Outcome,
};

/// The result of a classifier.
pub(crate) trait RecordEnd {
    /// Counts the end of a call.
    fn record(self, site: &'static Site);
}

impl RecordEnd for Outcome {
    #[inline]
    fn record(self, site: &'static Site) {
        record(site, self, 1);
    }
}

/// Adds `n` to the `calls` metric of a site (`#[count]`).
#[inline]
pub(crate) fn calls(site: &'static Site, n: u64) {
    counter::add(site, Kind::Calls, n);
}

/// Counts that `n` calls or items began, if the site tracks open calls.
#[inline]
pub(crate) fn begin(site: &'static Site, n: u64) {
    if site.tracks_open_calls() {
        counter::add(site, Kind::Began, n);
    }
}

/// To be called before an outcome is counted.
///
/// The release fence makes the beginning of the call visible to any thread that observes its end. On x86 it is no
/// instruction.
#[inline]
pub(crate) fn before_end(site: &'static Site) {
    if site.tracks_open_calls() {
        fence(Ordering::Release);
    }
}

/// Counts one outcome of `n` calls or items.
#[inline]
pub(crate) fn record(site: &'static Site, outcome: Outcome, n: u64) {
    before_end(site);
    counter::add(site, Kind::from(outcome), n);
}

/// Counts a call that was dropped while suspended.
#[cold]
#[inline(never)]
pub(crate) fn interrupted(site: &'static Site, n: u64) {
    record(site, Outcome::Interrupted, n);
}

/// Counts `n` calls under their dimensions, and by error.
#[inline]
pub(crate) fn record_breakdown(
    site: &'static Site,
    series: Series,
    kind: Kind,
    n: u64,
    error: Option<ErrorValue>,
) {
    before_end(site);
    let declaration = site.declaration;
    if declaration.dimensions.is_empty() {
        counter::add(site, kind, n);
    } else {
        counter::add_breakdown(site, breakdown::series_cell(series, kind), n);
    }
    if let (Some(error), false) = (error, declaration.errors.is_empty()) {
        counter::add_breakdown(site, breakdown::error_cell(declaration, error), n);
    }
}

/// Records the duration of a call that ends (`latency`), and that it is no longer open (`in_flight`).
#[inline]
pub(crate) fn leave(site: &'static Site, began: Option<Instant>) {
    if let Some(began) = began {
        let bucket = latency::bucket(began.elapsed());
        let cell = breakdown::latency_cell(site.declaration) + bucket;
        counter::add_breakdown(site, cell, 1);
    }
    if let Some((_, level)) = site.level() {
        level.leave();
    }
}
