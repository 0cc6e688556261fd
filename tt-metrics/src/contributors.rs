//! Whose counts are in the buffer: a document names an invocation only if all of its counts are from there.

use std::sync::Mutex;

use crate::sync::lock;

/// The invocations that run, and those that may have counted since the last drain.
#[derive(Debug, Default)]
pub(crate) struct Contributors(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: Vec<String>,
    counted: Counted,
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
        state.running.push(request_id.to_owned());
        state.counted = std::mem::take(&mut state.counted).with(request_id);
    }

    #[cfg(any(test, feature = "lambda"))]
    pub(crate) fn leave(&self, request_id: &str) {
        let running = &mut lock(&self.0).running;
        if let Some(index) = running.iter().position(|other| other == request_id) {
            running.swap_remove(index);
        }
    }

    /// Counts went back into the buffer, whosever they are.
    pub(crate) fn mix(&self) {
        lock(&self.0).counted = Counted::Several;
    }

    /// Begins anew for a drain; whether all counts before it are from this invocation, or from none.
    pub(crate) fn drained(&self, request_id: &str) -> bool {
        let mut state = lock(&self.0);
        let running = state.running.iter();
        let next = running.fold(Counted::Nobody, |counted, id| counted.with(id));
        match std::mem::replace(&mut state.counted, next) {
            Counted::Nobody => true,
            Counted::One(one) => one == request_id,
            Counted::Several => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_one_invocation_after_the_other_are_told_apart() {
        let contributors = Contributors::default();
        for id in ["a", "b"] {
            contributors.enter(id);
            contributors.leave(id);
            assert!(contributors.drained(id));
        }
    }

    #[test]
    fn counts_of_two_invocations_are_from_neither() {
        let contributors = Contributors::default();
        contributors.enter("a");
        contributors.enter("b");
        contributors.leave("b");
        assert!(!contributors.drained("b"));
        contributors.leave("a");
        assert!(contributors.drained("a"));
    }

    #[test]
    fn counts_that_were_put_back_are_from_nobody_known() {
        let contributors = Contributors::default();
        contributors.mix();
        contributors.enter("a");
        assert!(!contributors.drained("a"));
        assert!(contributors.drained("a"));
    }
}
