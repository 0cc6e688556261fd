//! Whose counts are in the buffer: a document names an invocation only if all of its counts are from there.

use std::sync::Mutex;

use crate::count::sync::lock;

/// The invocations that run, and those that may have counted since the last drain.
#[derive(Debug, Default)]
pub(crate) struct Contributors(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: Vec<(String, Told)>,
    counted: Counted,
}

/// Whether counts were sent while an invocation ran, which may have been its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    Something,
}

/// Which invocations may have counted.
#[derive(Debug, Default, PartialEq, Eq)]
enum Counted {
    #[default]
    Nobody,
    One(String),
    Several,
}

impl Counted {
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
        state.running.push((request_id.to_owned(), Told::Nothing));
        state.counted = std::mem::take(&mut state.counted).with(request_id);
    }

    /// An invocation ended, and its own flush is still to come.
    #[cfg(any(test, feature = "lambda"))]
    pub(crate) fn leave(&self, request_id: &str) -> Told {
        let running = &mut lock(&self.0).running;
        let index = running.iter().position(|(other, _)| other == request_id);
        index.map_or(Told::Nothing, |index| running.swap_remove(index).1)
    }

    /// Counts went back into the buffer, whosever they are.
    pub(crate) fn mix(&self) {
        lock(&self.0).counted = Counted::Several;
    }

    /// Drains, and begins anew; whether all counts before it are from this invocation, or from none.
    pub(crate) fn drained<T>(
        &self,
        request_id: &str,
        drain: impl FnOnce() -> (T, Told),
    ) -> (T, bool) {
        // Held while it drains, so that an invocation that ends meanwhile learns of it.
        let mut state = lock(&self.0);
        let (drained, told) = drain();
        if told == Told::Something {
            state.running.iter_mut().for_each(|(_, it)| *it = told);
        }
        let running = state.running.iter();
        let next = running.fold(Counted::Nobody, |counted, (id, _)| counted.with(id));
        let alone = match std::mem::replace(&mut state.counted, next) {
            Counted::Nobody => true,
            Counted::One(one) => one == request_id,
            Counted::Several => false,
        };
        (drained, alone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(contributors: &Contributors, request_id: &str) -> bool {
        contributors.drained(request_id, || ((), Told::Nothing)).1
    }

    #[test]
    fn an_invocation_learns_that_counts_were_sent_while_it_ran() {
        let contributors = Contributors::default();
        for id in ["a", "b"] {
            contributors.enter(id);
        }
        assert_eq!(contributors.leave("a"), Told::Nothing);
        contributors.drained("a", || ((), Told::Something));
        contributors.enter("c");
        assert_eq!(contributors.leave("b"), Told::Something);
        assert_eq!(contributors.leave("c"), Told::Nothing);
    }

    #[test]
    fn counts_of_one_invocation_after_the_other_are_told_apart() {
        let contributors = Contributors::default();
        for id in ["a", "b"] {
            contributors.enter(id);
            contributors.leave(id);
            assert!(alone(&contributors, id));
        }
    }

    #[test]
    fn counts_of_two_invocations_are_from_neither() {
        let contributors = Contributors::default();
        contributors.enter("a");
        contributors.enter("b");
        contributors.leave("b");
        assert!(!alone(&contributors, "b"));
        contributors.leave("a");
        assert!(alone(&contributors, "a"));
    }

    #[test]
    fn counts_that_were_put_back_are_from_nobody_known() {
        let contributors = Contributors::default();
        contributors.mix();
        contributors.enter("a");
        assert!(!alone(&contributors, "a"));
        assert!(alone(&contributors, "a"));
    }
}
