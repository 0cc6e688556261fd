//! The counted calls that run on a thread, in a program whose panics abort: there is no unwinding that would tell them.
//!
//! Such a program pays for it with a push and a pop a call. Where panics unwind, nothing of this is compiled in.

/// A counted call while its code runs.
#[derive(Debug)]
#[must_use = "the call runs until this is dropped"]
pub(crate) struct Running;

#[cfg(not(panic = "abort"))]
impl Running {
    #[inline]
    pub(crate) fn of(_: &'static crate::declare::site::Site) -> Self {
        Self
    }
}

#[cfg(panic = "abort")]
mod running {
    use std::cell::RefCell;

    use super::Running;
    use crate::{
        count::counter,
        declare::{kind::Kind, site::Site},
    };

    thread_local! {
        static SITES: RefCell<Vec<&'static Site>> = const { RefCell::new(Vec::new()) };
    }

    impl Running {
        #[inline]
        pub(crate) fn of(site: &'static Site) -> Self {
            // A thread whose destructors ran has no list any more, and its calls are not told.
            let _ended = SITES.try_with(|sites| sites.borrow_mut().push(site));
            Self
        }
    }

    impl Drop for Running {
        #[inline]
        fn drop(&mut self) {
            let _ended = SITES.try_with(|sites| sites.borrow_mut().pop());
        }
    }

    /// Counts every call that runs on this thread as a failure: it panics, and will not end otherwise.
    #[cfg(feature = "lambda")]
    pub(crate) fn fail_running_calls() {
        let sites = SITES.try_with(|sites| sites.try_borrow_mut().map(|mut it| it.split_off(0)));
        for site in sites.into_iter().flatten().flatten() {
            counter::add(site, Kind::Failure, 1);
        }
    }
}

#[cfg(all(panic = "abort", feature = "lambda"))]
pub(crate) use running::fail_running_calls;

#[cfg(all(not(panic = "abort"), feature = "lambda"))]
pub(crate) fn fail_running_calls() {}
