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
///
/// Each form of call has a separate type, not a variant of one enum: a guard of one pointer lives in a register, while an
/// enum is written to memory in every call, which costs 4 instructions.
pub(crate) trait Failure: Copy + Listed {
    /// Counts the failure.
    fn count(self);
}

/// One failed call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailedCall(pub(crate) &'static Site);

impl Failure for FailedCall {
    #[inline]
    fn count(self) {
        failed(self.0, 1);
    }
}

/// One failed call, if its body had begun and not ended: an ended body panics when it is polled again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailedPoll {
    site: &'static Site,
    marks: u32,
}

impl FailedPoll {
    /// A poll that begins now.
    #[inline]
    pub(crate) fn new(site: &'static Site) -> Self {
        Self {
            site,
            marks: marks::current(),
        }
    }
}

impl Failure for FailedPoll {
    #[inline]
    fn count(self) {
        // Where panics abort, no destructor has run, so there is no mark.
        if cfg!(panic = "abort") || marks::take_of_panic(self.marks) {
            failed(self.site, 1);
        }
    }
}

/// A number of failed items (`items`, `each`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailedItems(pub(crate) &'static Site, pub(crate) u64);

impl Failure for FailedItems {
    #[inline]
    fn count(self) {
        failed(self.0, self.1);
    }
}

/// One failed call under its dimensions, with the error `Panic`, its duration, and one open call less.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailedBreakdown {
    pub(crate) site: &'static Site,
    pub(crate) series: Series,
    pub(crate) began: Option<Instant>,
}

impl Failure for FailedBreakdown {
    #[cold]
    fn count(self) {
        let error = Some(ErrorValue::Panic);
        record::record_breakdown(self.site, self.series, Kind::Failure, 1, error);
        record::leave(self.site, self.began);
    }
}

#[cold]
#[inline(never)]
fn failed(site: &'static Site, n: u64) {
    record::record(site, Outcome::Failure, n);
}

/// A failure that can be in the list of running calls.
#[cfg(panic = "abort")]
pub(crate) trait Listed: Into<AnyFailure> {}

#[cfg(panic = "abort")]
impl<F: Into<AnyFailure>> Listed for F {}

/// Where panics unwind, there is no list.
#[cfg(not(panic = "abort"))]
pub(crate) trait Listed {}

#[cfg(not(panic = "abort"))]
impl<F> Listed for F {}

/// An entry in the list of running calls.
#[cfg(panic = "abort")]
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(feature = "lambda"),
    expect(dead_code, reason = "only the panic hook of `run` reads the list")
)]
pub(crate) enum AnyFailure {
    Call(FailedCall),
    Poll(FailedPoll),
    Items(FailedItems),
    Breakdown(FailedBreakdown),
}

#[cfg(panic = "abort")]
macro_rules! any_failure {
    ($($variant:ident($failure:ident),)*) => {
        $(impl From<$failure> for AnyFailure {
            #[inline]
            fn from(failure: $failure) -> Self {
                Self::$variant(failure)
            }
        })*

        #[cfg(feature = "lambda")]
        impl AnyFailure {
            fn count(self) {
                match self {
                    $(Self::$variant(failure) => failure.count(),)*
                }
            }
        }
    };
}

#[cfg(panic = "abort")]
any_failure! {
    Call(FailedCall),
    Poll(FailedPoll),
    Items(FailedItems),
    Breakdown(FailedBreakdown),
}

/// A call while code of the user runs. Dropped, it counts a failure.
#[derive(Debug)]
#[must_use = "the guard counts a failure when it is dropped"]
pub(crate) struct PanicGuard<F: Failure>(F);

impl<F: Failure> PanicGuard<F> {
    /// Code of the user is about to run.
    #[inline]
    pub(crate) fn new(failure: F) -> Self {
        #[cfg(panic = "abort")]
        push(failure.into());
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

impl<F: Failure> Drop for PanicGuard<F> {
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
    static RUNNING: std::cell::RefCell<Vec<AnyFailure>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(panic = "abort")]
#[inline]
fn push(failure: AnyFailure) {
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
        let take = |calls: &std::cell::RefCell<Vec<AnyFailure>>| {
            calls.try_borrow_mut().map(|mut it| it.split_off(0))
        };
        let calls = RUNNING.try_with(take).into_iter().flatten().flatten();
        calls.for_each(AnyFailure::count);
    }
}
