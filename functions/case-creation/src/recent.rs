//! Cases that this process created and counted a moment ago.
//!
//! A batch that is delivered again within the clock skew finds Cases as young as those of a call
//! whose answer was lost. Only memory tells the two apart. A shard's next delivery goes to the same
//! process as a rule; another one has to start first, which takes longer than the skew.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A few batches: within the clock skew there can hardly be more.
const KEPT: usize = 2000;

/// The event ids of the latest Cases.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    event_ids: Mutex<VecDeque<String>>,
}

impl Recent {
    /// Remembers a Case that is counted as created.
    pub(crate) fn remember(&self, event_id: &str) {
        let mut event_ids = self.event_ids();
        if event_ids.len() >= KEPT {
            event_ids.pop_front();
        }
        event_ids.push_back(event_id.to_owned());
    }

    /// Whether the Case of this event was counted a moment ago.
    pub(crate) fn holds(&self, event_id: &str) -> bool {
        self.event_ids().iter().any(|held| held == event_id)
    }

    fn event_ids(&self) -> MutexGuard<'_, VecDeque<String>> {
        // Whatever panicked, a list of texts is whole.
        self.event_ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_held_and_no_more() {
        let recent = Recent::default();
        for id in 0..=KEPT {
            recent.remember(&id.to_string());
        }
        assert!(!recent.holds("0") && recent.holds("1"));
        assert!(recent.holds(&KEPT.to_string()));
    }
}
