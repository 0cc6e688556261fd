//! How many calls of a function are open at once.

use std::sync::atomic::{AtomicU64, Ordering};

/// The calls of one site that have begun and not ended, and the most there were since the last look.
///
/// A level is shared by all threads, so it costs locked instructions; only sites that ask for it have one.
#[derive(Debug, Default)]
pub struct Level {
    open: AtomicU64,
    most: AtomicU64,
}

impl Level {
    /// No call is open.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            open: AtomicU64::new(0),
            most: AtomicU64::new(0),
        }
    }

    /// A call begins.
    pub(crate) fn enter(&self) {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(open, Ordering::Relaxed);
    }

    /// A call ends.
    pub(crate) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// The most calls that were open at once, without an end to the look.
    pub(crate) fn most(&self) -> u64 {
        let open = self.open.load(Ordering::Relaxed);
        self.most.load(Ordering::Relaxed).max(open)
    }

    /// The most calls that were open at once since this was asked before.
    pub(crate) fn take_most(&self) -> u64 {
        let open = self.open.load(Ordering::Relaxed);
        self.most.swap(open, Ordering::Relaxed).max(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_since_the_last_look_is_told_once_and_open_calls_stay() {
        let calls = Level::new();
        calls.enter();
        calls.enter();
        calls.leave();
        assert_eq!(calls.take_most(), 2);
        assert_eq!(calls.take_most(), 1);
        calls.leave();
        assert_eq!(calls.take_most(), 1);
        assert_eq!(calls.take_most(), 0);
    }
}
