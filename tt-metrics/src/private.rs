//! What the attributes expand to. Not public API.

mod each;

pub use linkme;

use std::future::Future;

pub use crate::{
    MetricName,
    capture::assert_counts,
    catalogue::{encode, encoded_len},
    declaration::{Declaration, DeclaredDimension, check},
    detailed_call::by_error,
    dimension::{Dimension, Place, Series, Texts},
    level::Level,
    outcome::{Classify, Outcome},
    sink::emf::render_document,
    site::{SITES, Site, State},
};

pub use each::{call_each, each, each_by, track_each};

use crate::call;

/// Counts `n` on the `calls` metric of a site (`#[count]`), at the start of the body.
#[inline]
pub fn count(site: &'static Site, n: u64) {
    call::count(site, n);
}

/// A number of items (`#[count("..", items = expr)]`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number of items",
    label = "expected an unsigned integer",
    note = "count what a collection holds with `.len()`, and convert a signed number where it is known not to be negative"
)]
pub trait Items {
    /// The number; what no `u64` holds is the greatest `u64`.
    fn items(self) -> u64;
}

macro_rules! unsigned_integers {
    ($($ty:ty),*) => {
        $(impl Items for $ty {
            #[inline]
            fn items(self) -> u64 {
                u64::try_from(self).unwrap_or(u64::MAX)
            }
        })*
    };
}

unsigned_integers!(u8, u16, u32, u64, usize);

impl<N: Items + Copy> Items for &N {
    #[inline]
    fn items(self) -> u64 {
        (*self).items()
    }
}

/// The number of items that an expression stands for.
#[inline]
pub fn items<N: Items>(number: N) -> u64 {
    number.items()
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
