//! The contributors: which invocations made the counts in the buffer.
//!
//! A document contains the id of an invocation only if all of its counts are from that invocation.

use std::sync::Mutex;

use crate::count::sync::lock;

/// The invocations that run, and those that may have counted since the last drain.
#[derive(Debug, Default)]
pub(crate) struct Contributors(Mutex<Invocations>);

#[derive(Debug, Default)]
struct Invocations {
    /// The ids of those that run, each with whether counts were sent meanwhile.
    running: Vec<(String, SentCounts)>,
    counted_by: CountedBy,
}

/// Whether counts were sent while an invocation ran, which may have been its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentCounts {
    None,
    Some,
}

/// The invocations that may have made the counts in the buffer.
#[derive(Debug, Default, PartialEq, Eq)]
enum CountedBy {
    #[default]
    Nobody,
    One(String),
    Several,
}

impl CountedBy {
    fn with(self, request_id: &str) -> Self {
        match self {
            Self::Nobody => Self::One(request_id.to_owned()),
            Self::One(one) if one == request_id => Self::One(one),
            Self::One(_) | Self::Several => Self::Several,
        }
    }
}

impl Contributors {
    #[cfg(any(test, feature = "lambda"))]
    pub(crate) fn enter(&self, request_id: &str) {
        let mut state = lock(&self.0);
        state
            .running
            .push((request_id.to_owned(), SentCounts::None));
        state.counted_by = std::mem::take(&mut state.counted_by).with(request_id);
    }

    /// Records the end of an invocation before its own flush; returns whether counts were sent while it ran.
    #[cfg(any(test, feature = "lambda"))]
    pub(crate) fn leave(&self, request_id: &str) -> SentCounts {
        let running = &mut lock(&self.0).running;
        let index = running.iter().position(|(other, _)| other == request_id);
        index.map_or(SentCounts::None, |index| running.swap_remove(index).1)
    }

    /// Records that counts of unknown invocations went back into the buffer.
    pub(crate) fn mark_unknown(&self) {
        lock(&self.0).counted_by = CountedBy::Several;
    }

    /// Drains the buffer and starts a new list of contributors. The second value is whether all counts before the drain
    /// are from this invocation, or from none.
    pub(crate) fn drain_for<T>(
        &self,
        request_id: &str,
        drain: impl FnOnce() -> (T, SentCounts),
    ) -> (T, bool) {
        // The drain runs under the lock. Otherwise an invocation that ends between the drain and the update of `running`
        // would be reported as empty, and one that starts there would be taken for a contributor of drained counts.
        let mut state = lock(&self.0);
        let (drained, sent) = drain();
        if sent == SentCounts::Some {
            state.running.iter_mut().for_each(|(_, it)| *it = sent);
        }
        let running = state.running.iter();
        let next = running.fold(CountedBy::Nobody, |counted_by, (id, _)| counted_by.with(id));
        let is_sole_contributor = match std::mem::replace(&mut state.counted_by, next) {
            CountedBy::Nobody => true,
            CountedBy::One(one) => one == request_id,
            CountedBy::Several => false,
        };
        (drained, is_sole_contributor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_sole_contributor(contributors: &Contributors, request_id: &str) -> bool {
        contributors
            .drain_for(request_id, || ((), SentCounts::None))
            .1
    }

    #[test]
    fn counts_that_were_sent_while_an_invocation_ran_are_reported_at_its_end() {
        let contributors = Contributors::default();
        for id in ["a", "b"] {
            contributors.enter(id);
        }
        assert_eq!(contributors.leave("a"), SentCounts::None);
        contributors.drain_for("a", || ((), SentCounts::Some));
        contributors.enter("c");
        assert_eq!(contributors.leave("b"), SentCounts::Some);
        assert_eq!(contributors.leave("c"), SentCounts::None);
    }

    #[test]
    fn each_of_two_successive_invocations_is_the_sole_contributor() {
        let contributors = Contributors::default();
        for id in ["a", "b"] {
            contributors.enter(id);
            contributors.leave(id);
            assert!(is_sole_contributor(&contributors, id));
        }
    }

    #[test]
    fn two_concurrent_invocations_have_no_sole_contributor() {
        let contributors = Contributors::default();
        contributors.enter("a");
        contributors.enter("b");
        contributors.leave("b");
        assert!(!is_sole_contributor(&contributors, "b"));
        contributors.leave("a");
        assert!(is_sole_contributor(&contributors, "a"));
    }

    #[test]
    fn counts_that_were_put_back_have_no_known_contributor() {
        let contributors = Contributors::default();
        contributors.mark_unknown();
        contributors.enter("a");
        assert!(!is_sole_contributor(&contributors, "a"));
        assert!(is_sole_contributor(&contributors, "a"));
    }
}
