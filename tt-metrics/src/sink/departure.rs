//! Whether a batch is still here or may have arrived.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

const HELD: u8 = 0;
const GONE: u8 = 1;
const SETTLED: u8 = 2;

/// Whether a batch is still here, so that its counts can be sent elsewhere, or may have arrived.
///
/// A process may have to end while a request waits for credentials or for a connection. A sink that says here when its
/// batch leaves ([`Sink::announces_departure`](super::Sink::announces_departure)) lets its counts be saved until then.
#[derive(Debug, Clone, Default)]
pub struct Departure(Arc<AtomicU8>);

/// Where a batch was when somebody took its fate over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Was {
    Held,
    Gone,
}

impl Departure {
    /// Says that the batch may arrive from now on; `false` when it must not leave, since its counts went elsewhere.
    pub fn leave(&self) -> bool {
        self.change(HELD, GONE) || self.0.load(Ordering::Acquire) == GONE
    }

    /// Says that the batch certainly did not arrive, so that it waits for the next attempt.
    pub fn come_back(&self) {
        self.change(GONE, HELD);
    }

    /// Whether the batch has not left.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.load(Ordering::Acquire) == HELD
    }

    /// Makes the caller the one who decides what becomes of the counts; `None` when somebody else did.
    pub(crate) fn settle(&self) -> Option<Was> {
        match self.0.swap(SETTLED, Ordering::AcqRel) {
            HELD => Some(Was::Held),
            GONE => Some(Was::Gone),
            _ => None,
        }
    }

    /// The same for a batch that has not left, which then never will.
    pub(crate) fn settle_held(&self) -> bool {
        self.change(HELD, SETTLED)
    }

    fn change(&self, from: u8, to: u8) -> bool {
        self.0
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_went_elsewhere_never_leaves() {
        let departure = Departure::default();
        assert!(departure.settle_held());
        assert!(!departure.leave());
        assert_eq!(departure.settle(), None);
    }

    #[test]
    fn a_batch_that_left_is_not_taken_for_one_that_is_here() {
        let departure = Departure::default();
        assert!(departure.leave() && departure.leave());
        assert!(!departure.settle_held());
        departure.come_back();
        assert!(departure.is_held());
        assert_eq!(departure.settle(), Some(Was::Held));
    }
}
