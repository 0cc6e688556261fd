//! A counted sync call.

use super::{
    counter::StartedCall,
    panic::{FailedCall, PanicGuard},
};
use crate::{
    declare::{kind::Kind, site::Site},
    metric::Outcome,
};

/// Runs a sync body and counts its outcome. A panic, also of the classifier, is a failure.
#[inline]
pub(crate) fn call<R>(
    site: &'static Site,
    classify: impl FnOnce(&R) -> Outcome,
    body: impl FnOnce() -> R,
) -> R {
    let started = StartedCall::begin(site);
    let guard = PanicGuard::new(FailedCall(site));
    let value = body();
    let kind = Kind::from(classify(&value));
    guard.returned();
    if const { size_of::<R>() <= 2 * size_of::<usize>() } {
        return started.end_and_return(kind, value);
    }
    let _end = EndOnDrop { started, kind };
    value
}

/// Counts the outcome after the value was moved to its destination, so that no register has to be saved meanwhile. For
/// values that do not fit into registers.
struct EndOnDrop {
    started: StartedCall,
    kind: Kind,
}

impl Drop for EndOnDrop {
    #[inline]
    fn drop(&mut self) {
        self.started.end(self.kind);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::{
        count::{buffer::BUFFER, record::record},
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
                record(&SITE, Outcome::Success, 1);
            }
        }
        thread_local! {
            static BEFORE: Last = const { Last };
            static AFTER: Last = const { Last };
        }
        let thread = || {
            BEFORE.with(|_| ());
            record(&SITE, Outcome::Success, 1);
            AFTER.with(|_| ());
        };
        // A new thread is not in a capture, and all other tests are.
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
        assert_eq!(moved(|| record(&OUTSIDE, Outcome::Success, 1)), [0, 0, 0]);
    }
}
