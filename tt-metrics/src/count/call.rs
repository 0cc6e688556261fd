//! Counted calls: each call that began ends as exactly one outcome.

use std::mem;

use crate::{
    count::{
        aborting::Running,
        counter::{self, Begun},
        sync::{Ordering, fence},
    },
    declare::{kind::Kind, site::Site},
    metric::Outcome,
};

/// Counts `n` on the `calls` metric of a site.
#[inline]
pub(crate) fn count(site: &'static Site, n: u64) {
    counter::add(site, Kind::Calls, n);
}

/// Counts one outcome of a site.
#[inline]
pub(crate) fn record(site: &'static Site, outcome: Outcome) {
    end(site);
    counter::add(site, Kind::from(outcome), 1);
}

/// Counts the beginning of a call, where calls that never end are to be told.
#[inline]
pub(crate) fn begin(site: &'static Site) {
    if site.knows_open_calls() {
        counter::add(site, Kind::Began, 1);
    }
}

/// Comes before an outcome is counted: who sees the end of a call sees its beginning too, on whichever thread that was.
#[inline]
pub(crate) fn end(site: &'static Site) {
    if site.knows_open_calls() {
        // No instruction on x86.
        fence(Ordering::Release);
    }
}

/// Runs a sync body and counts its outcome, a panic (also of the classifier) as failure.
#[inline]
pub(crate) fn call<R>(
    site: &'static Site,
    classify: impl FnOnce(&R) -> Outcome,
    body: impl FnOnce() -> R,
) -> R {
    let begun = Begun::begin(site);
    let _running = Running::of(site);
    let unwinding = FailureOnUnwind(site);
    let value = body();
    let kind = Kind::from(classify(&value));
    mem::forget(unwinding);
    if const { size_of::<R>() <= 2 * size_of::<usize>() } {
        return begun.end_and_return(kind, value);
    }
    let _ends = Ends { begun, kind };
    value
}

/// Counts how a call ended once its value is where the caller wants it, so that nothing of it has to be saved while that
/// is counted: for what registers cannot hold.
struct Ends {
    begun: Begun,
    kind: Kind,
}

impl Drop for Ends {
    #[inline]
    fn drop(&mut self) {
        self.begun.end(self.kind);
    }
}

/// Forgotten when the work returns, so it is dropped by a panic only.
pub(crate) struct FailureOnUnwind(pub(crate) &'static Site);

impl Drop for FailureOnUnwind {
    #[inline]
    fn drop(&mut self) {
        record_failure(self.0);
    }
}

#[cold]
#[inline(never)]
pub(crate) fn record_failure(site: &'static Site) {
    record(site, Outcome::Failure);
}

#[cold]
#[inline(never)]
pub(crate) fn record_interrupted(site: &'static Site) {
    record(site, Outcome::Interrupted);
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::{
        count::buffer::BUFFER,
        declare::{declaration::Declaration, site::SITES},
        metric::MetricName,
        testing::capture,
    };

    const DONE: &str = "CallDone";
    const FAILED: &str = "CallFailed";
    const INTERRUPTED: &str = "CallInterrupted";

    const DECLARATION: Declaration = Declaration {
        success: Some(MetricName::new(DONE)),
        failure: Some(MetricName::new(FAILED)),
        interrupted: Some(MetricName::new(INTERRUPTED)),
        ..Declaration::new("call", file!(), line!(), "")
    };

    #[linkme::distributed_slice(SITES)]
    #[expect(unsafe_code, reason = "the list of sites is a section of the binary")]
    static SITE: Site = Site::new(&DECLARATION, &[]);

    type Answer = Result<(), String>;

    fn classify(answer: &Answer) -> Outcome {
        crate::metric::Classify::outcome(answer)
    }

    fn refuse(_: &Answer) -> Outcome {
        panic!("the classifier panics")
    }

    fn refused() -> Answer {
        panic!("the body panics")
    }

    /// What `work` moved: done, failed, interrupted.
    fn moved(work: impl FnOnce()) -> [u64; 3] {
        let metrics = capture();
        work();
        [DONE, FAILED, INTERRUPTED].map(|metric| metrics.count(metric))
    }

    #[test]
    fn a_call_counts_what_it_returns() {
        let count = |answer: Answer| moved(|| drop(call(&SITE, classify, || answer)));
        assert_eq!(count(Ok(())), [1, 0, 0]);
        assert_eq!(count(Err(String::new())), [0, 1, 0]);
    }

    #[test]
    fn a_call_or_classifier_that_panics_is_a_failure() {
        let body = || call(&SITE, classify, refused);
        assert_eq!(moved(|| drop(catch_unwind(body))), [0, 1, 0]);
        let classifier = || call(&SITE, refuse, || Ok(()));
        assert_eq!(moved(|| drop(catch_unwind(classifier))), [0, 1, 0]);
    }

    #[test]
    fn destructors_of_an_ending_thread_still_count() {
        struct Last;
        impl Drop for Last {
            fn drop(&mut self) {
                record(&SITE, Outcome::Success);
            }
        }
        thread_local! {
            static BEFORE: Last = const { Last };
            static AFTER: Last = const { Last };
        }
        let thread = || {
            BEFORE.with(|_| ());
            record(&SITE, Outcome::Success);
            AFTER.with(|_| ());
        };
        // A thread of its own is in no capture, and the other tests are in theirs.
        let counted = || {
            BUFFER
                .totals()
                .get(&MetricName::new(DONE))
                .copied()
                .unwrap_or(0)
        };
        let before = counted();
        std::thread::spawn(thread).join().expect("counts");
        assert_eq!(counted() - before, 3);
    }

    #[test]
    fn a_site_outside_of_the_list_counts_nothing_and_harms_nothing() {
        static OUTSIDE: Site = Site::new(&DECLARATION, &[]);
        assert_eq!(moved(|| record(&OUTSIDE, Outcome::Success)), [0, 0, 0]);
    }
}
