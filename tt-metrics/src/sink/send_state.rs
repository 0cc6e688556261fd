//! The send state of a batch: whether CloudWatch may have it, and who decides about its counts.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// Where a batch is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum SendState {
    /// CloudWatch certainly does not have the batch.
    Unsent,
    /// CloudWatch may have the batch: a part of its request was written.
    Sent,
    /// The counts were accepted, written to the log, given up or put back into the buffer; the batch must not be sent.
    Settled,
}

/// The send state of one batch, shared by its flush, its request and the threads that can take the batch over.
///
/// The thread whose call of [`settle`](Self::settle) changes the state is the one that decides about the counts. So a
/// batch is never both sent and written to the log, unless the delivery policy repeats it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedSendState(Arc<AtomicU8>);

impl SharedSendState {
    pub(crate) fn get(&self) -> SendState {
        state(self.0.load(Ordering::Acquire))
    }

    pub(crate) fn is_unsent(&self) -> bool {
        self.get() == SendState::Unsent
    }

    /// Records that a part of the batch is about to be written; `false` when the batch is settled and must not be sent.
    pub(crate) fn mark_sent(&self) -> bool {
        self.change(SendState::Unsent, SendState::Sent) || self.get() == SendState::Sent
    }

    /// Records that the batch certainly was not accepted.
    pub(crate) fn mark_unsent(&self) {
        self.change(SendState::Sent, SendState::Unsent);
    }

    /// Settles the batch and returns the state before: after `Settled` another thread decides about the counts.
    pub(crate) fn settle(&self) -> SendState {
        state(self.0.swap(SendState::Settled as u8, Ordering::AcqRel))
    }

    /// Settles the batch if it is unsent; returns whether it was.
    pub(crate) fn settle_unsent(&self) -> bool {
        self.change(SendState::Unsent, SendState::Settled)
    }

    fn change(&self, from: SendState, to: SendState) -> bool {
        let changed =
            self.0
                .compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire);
        changed.is_ok()
    }
}

fn state(number: u8) -> SendState {
    const UNSENT: u8 = SendState::Unsent as u8;
    const SENT: u8 = SendState::Sent as u8;
    match number {
        UNSENT => SendState::Unsent,
        SENT => SendState::Sent,
        _ => SendState::Settled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settled_batch_is_never_sent() {
        let state = SharedSendState::default();
        assert!(state.settle_unsent());
        assert!(!state.mark_sent());
        assert_eq!(state.settle(), SendState::Settled);
    }

    #[test]
    fn a_batch_that_may_have_arrived_is_not_settled_as_unsent() {
        let state = SharedSendState::default();
        assert!(state.mark_sent() && state.mark_sent());
        assert!(!state.settle_unsent());
        state.mark_unsent();
        assert!(state.is_unsent());
        assert_eq!(state.settle(), SendState::Unsent);
    }
}
