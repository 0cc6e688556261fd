//! How many items a call counts (`items = expr`).

use crate::{
    count::{call, counter},
    declare::{kind::Kind, site::Site},
    metric::Outcome,
};

/// A number of items (`items = expr`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number of items",
    label = "expected an unsigned integer",
    note = "count what a collection holds with `.len()`, and convert a signed number where it is known not to be negative"
)]
pub trait Items {
    /// The number; one that no `u64` holds is `u64::MAX`.
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

/// The number of items of an expression.
#[inline]
pub fn items<N: Items>(number: N) -> u64 {
    number.items()
}

/// Counts that so many items began.
pub(crate) fn begin_all(site: &'static Site, number: Option<u64>) {
    if site.knows_open_calls() {
        counter::add(site, Kind::Began, number.unwrap_or(1));
    }
}

/// Counts so many items of a site.
pub(crate) fn record(site: &'static Site, outcome: Outcome, number: u64) {
    call::end(site);
    counter::add(site, Kind::from(outcome), number);
}

/// Forgotten when the work returns, so that only a panic drops it: each item of the call is then a failure.
pub(crate) struct FailureOnUnwind {
    pub(crate) site: &'static Site,
    pub(crate) number: Option<u64>,
}

impl Drop for FailureOnUnwind {
    #[inline]
    fn drop(&mut self) {
        record(self.site, Outcome::Failure, self.number.unwrap_or(1));
    }
}
