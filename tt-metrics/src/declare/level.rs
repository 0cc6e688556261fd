//! The number of open calls of a function.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of open calls of one site, and the maximum since it was last read.
///
/// All threads share it, so it takes atomic read-modify-write instructions. Only sites with `in_flight` have one.
#[derive(Debug, Default)]
pub struct Level {
    open: AtomicU64,
    most: AtomicU64,
}

impl Level {
    /// Creates a gauge without open calls.
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

    /// The maximum since the last [`take_most`](Self::take_most), without resetting it.
    pub(crate) fn most(&self) -> u64 {
        let open = self.open.load(Ordering::Relaxed);
        self.most.load(Ordering::Relaxed).max(open)
    }

    /// Returns the maximum since the previous call, and resets it to the number of open calls.
    pub(crate) fn take_most(&self) -> u64 {
        let open = self.open.load(Ordering::Relaxed);
        self.most.swap(open, Ordering::Relaxed).max(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maximum_is_reset_to_the_open_calls_when_it_is_read() {
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
