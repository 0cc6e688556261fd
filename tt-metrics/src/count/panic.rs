//! Where a panic becomes a failure: the guard of a running call, for panics that unwind and for panics that abort.
//!
//! Each form of call creates a [`PanicGuard`] before it runs code of the user, the body or the classifier, and calls
//! [`PanicGuard::returned`] after that code has returned. Where panics unwind, the destructor of the guard counts the
//! failure. Where panics abort (`panic = "abort"`), no destructor runs: the guard is in a list of its thread meanwhile, and
//! the panic hook counts all guards in the list ([`count_failures_of_running_calls`]). The list costs a push and a pop
//! for each call and is compiled only in that mode.

use std::{mem, time::Instant};

use super::{
    breakdown::{ErrorValue, Series},
    marks, record,
};
use crate::{
    declare::{kind::Kind, site::Site},
    metric::Outcome,
};

/// What a panic of a running call counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure {
    /// One failed call.
    Call(&'static Site),
    /// One failed call, if its body had begun and not ended: an ended body panics when it is polled again.
    Poll { site: &'static Site, marks: u32 },
    /// A number of failed items (`items`, `each`).
    Items(&'static Site, u64),
    /// One failed call under its dimensions, with the error `Panic`, its duration, and one open call less.
    Breakdown {
        site: &'static Site,
        series: Series,
        began: Option<Instant>,
    },
}

impl Failure {
    #[cold]
    #[inline(never)]
    fn count(self) {
        match self {
            Self::Call(site) => record::record(site, Outcome::Failure, 1),
            Self::Poll { site, marks } => {
                // Where panics abort, no destructor has run, so there is no mark.
                if cfg!(panic = "abort") || marks::take_of_panic(marks) {
                    record::record(site, Outcome::Failure, 1);
                }
            }
            Self::Items(site, number) => record::record(site, Outcome::Failure, number),
            Self::Breakdown {
                site,
                series,
                began,
            } => {
                let error = Some(ErrorValue::Panic);
                record::record_breakdown(site, series, Kind::Failure, 1, error);
                record::leave(site, began);
            }
        }
    }
}

/// A call while code of the user runs. Dropped, it counts a failure.
#[derive(Debug)]
#[must_use = "the guard counts a failure when it is dropped"]
pub(crate) struct PanicGuard(Failure);

impl PanicGuard {
    /// Code of the user is about to run.
    #[inline]
    pub(crate) fn new(failure: Failure) -> Self {
        #[cfg(panic = "abort")]
        push(failure);
        Self(failure)
    }

    /// The code has returned.
    #[inline]
    pub(crate) fn returned(self) {
        #[cfg(panic = "abort")]
        pop();
        mem::forget(self);
    }
}

impl Drop for PanicGuard {
    #[inline]
    fn drop(&mut self) {
        #[cfg(panic = "abort")]
        pop();
        self.0.count();
    }
}

#[cfg(panic = "abort")]
thread_local! {
    /// The running calls of this thread. A thread whose destructors have run has no list any more, so a panic in it is
    /// not counted.
    static RUNNING: std::cell::RefCell<Vec<Failure>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(panic = "abort")]
#[inline]
fn push(failure: Failure) {
    let _ended = RUNNING.try_with(|calls| calls.borrow_mut().push(failure));
}

#[cfg(panic = "abort")]
#[inline]
fn pop() {
    let _ended = RUNNING.try_with(|calls| calls.borrow_mut().pop());
}

/// Counts a failure for every call that runs on this thread, which panics and will abort the process.
#[cfg(feature = "lambda")]
pub(crate) fn count_failures_of_running_calls() {
    #[cfg(panic = "abort")]
    {
        let take = |calls: &std::cell::RefCell<Vec<Failure>>| {
            calls.try_borrow_mut().map(|mut it| it.split_off(0))
        };
        let calls = RUNNING.try_with(take).into_iter().flatten().flatten();
        calls.for_each(Failure::count);
    }
}
