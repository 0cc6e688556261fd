//! How many items a call is about: what `items = expr` says, from the body of the call to its end.

use std::{cell::Cell, mem};

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

thread_local! {
    /// The innermost running call, and the number that its body has said.
    static CALL: Cell<Call> = const { Cell::new(Call { site: None, number: None }) };
}

#[derive(Debug, Clone, Copy)]
struct Call {
    // None where a sync body makes a future, which begins later.
    site: Option<&'static Site>,
    number: Option<u64>,
}

/// Says, in the body of a call, how many items it is about.
pub fn about<N: Items>(number: N) {
    let number = number.items();
    let call = CALL.get();
    if let Some(site) = call.site {
        begin_more(site, call.number, number);
    }
    CALL.set(Call {
        number: Some(number),
        ..call
    });
}

/// Begins a call that is about so many items.
pub(crate) fn begin_all(site: &'static Site, number: Option<u64>) {
    call::begin(site);
    begin_more(site, None, number.unwrap_or(1));
}

/// Counts that so many items began, not as many as it seemed.
fn begin_more(site: &'static Site, before: Option<u64>, number: u64) {
    if site.knows_open_calls() {
        let more = number.wrapping_sub(before.unwrap_or(1));
        counter::add(site, Kind::Began, more);
    }
}

/// The body of a call that runs now, within whatever other call runs on this thread.
///
/// Dropped by a panic only: it then counts each item of the call as a failure.
#[derive(Debug)]
pub(crate) struct Body {
    site: &'static Site,
    outer: Call,
}

impl Body {
    /// Begins, or goes on with what the body has said before.
    pub(crate) fn enter(site: &'static Site, number: Option<u64>) -> Self {
        let call = Call {
            site: Some(site),
            number,
        };
        Self {
            site,
            outer: CALL.replace(call),
        }
    }

    /// What the body has said so far.
    pub(crate) fn leave(self) -> Option<u64> {
        let call = CALL.replace(self.outer);
        mem::forget(self);
        call.number
    }
}

impl Drop for Body {
    #[inline]
    fn drop(&mut self) {
        let call = CALL.replace(self.outer);
        record(self.site, Outcome::Failure, call.number.unwrap_or(1));
    }
}

/// Counts so many items of a site.
pub(crate) fn record(site: &'static Site, outcome: Outcome, number: u64) {
    call::end(site);
    counter::add(site, Kind::from(outcome), number);
}

/// Runs the sync body of a function that returns a future: what it says about its items, and the future.
pub(crate) fn said<F>(body: impl FnOnce() -> F) -> (Option<u64>, F) {
    struct Outer(Call);
    impl Drop for Outer {
        fn drop(&mut self) {
            CALL.set(self.0);
        }
    }
    let inside = Call {
        site: None,
        number: None,
    };
    let outer = Outer(CALL.replace(inside));
    let future = body();
    let number = CALL.get().number;
    drop(outer);
    (number, future)
}
