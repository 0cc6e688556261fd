//! What this process knows of the Cases that it sent and counted.
//!
//! A Case whose answer was lost is found again by a later call, in the same invocation or in one that
//! comes after it. Only memory tells it from a Case that was counted before, and one that another
//! process created. A shard's next delivery goes to the same process as a rule; another one takes the
//! Case for a replay, so that one success is missing rather than one counted twice.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// The batches of a few minutes, about two megabytes.
const KEPT: usize = 20_000;

/// The event ids of the latest Cases.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    counted: Latest,
    /// Records that were parked, by event id and sequence number.
    parked: Latest,
    /// Since when a Case may have been created without our knowing.
    sent: HashMap<Arc<str>, Timestamp>,
}

/// The latest texts that were added.
#[derive(Debug, Default)]
struct Latest {
    all: HashSet<Arc<str>>,
    /// The oldest first.
    order: VecDeque<Arc<str>>,
}

impl Latest {
    /// Adds a text; false when it is there already.
    fn add(&mut self, text: &Arc<str>) -> bool {
        if !self.all.insert(Arc::clone(text)) {
            return false;
        }
        self.order.push_back(Arc::clone(text));
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
        true
    }
}

impl Memory {
    /// Remembers that a Case is being sent, and returns since when it may have been created unseen:
    /// `None` when this is the first call for it.
    pub(crate) fn send(&self, event_id: &Arc<str>, now: Timestamp) -> Option<Timestamp> {
        let mut known = self.known();
        if let Some(since) = known.sent.get(event_id) {
            return Some(*since);
        }
        if known.sent.len() >= KEPT {
            let oldest = known.sent.iter().min_by_key(|(_, since)| **since);
            if let Some((oldest, _)) = oldest.map(|(id, since)| (Arc::clone(id), *since)) {
                known.sent.remove(&oldest);
            }
        }
        known.sent.insert(Arc::clone(event_id), now);
        None
    }

    /// Since when a Case may have been created unseen.
    pub(crate) fn sent_since(&self, event_id: &str) -> Option<Timestamp> {
        self.known().sent.get(event_id).copied()
    }

    /// Forgets that a Case was sent: what became of it is known.
    pub(crate) fn answered(&self, event_id: &str) {
        self.known().sent.remove(event_id);
    }

    /// Remembers a Case that is counted as created; false when it was counted before.
    pub(crate) fn count(&self, event_id: &Arc<str>) -> bool {
        let mut known = self.known();
        known.sent.remove(event_id);
        known.counted.add(event_id)
    }

    /// Whether the Case of this event was counted.
    pub(crate) fn has_counted(&self, event_id: &str) -> bool {
        self.known().counted.all.contains(event_id)
    }

    /// Remembers a record that is parked.
    pub(crate) fn park(&self, event_id: &str, sequence_number: Option<&str>) {
        let name = parked_name(event_id, sequence_number);
        self.known().parked.add(&name.into());
    }

    /// Whether this very record is parked. Another record of the same event is not: somebody may have
    /// sent the event again, to have its Case after all.
    pub(crate) fn has_parked(&self, event_id: &str, sequence_number: Option<&str>) -> bool {
        let known = self.known();
        // As a rule nothing is parked, and there is no name to be made.
        !known.parked.all.is_empty()
            && known
                .parked
                .all
                .contains(&*parked_name(event_id, sequence_number))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Whatever panicked, each of these collections is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parked_name(event_id: &str, sequence_number: Option<&str>) -> String {
    format!("{event_id} {}", sequence_number.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_and_no_more() {
        let memory = Memory::default();
        for id in 0..=KEPT {
            let now = Timestamp::from_second(i64::try_from(id).unwrap()).unwrap();
            assert_eq!(memory.send(&id.to_string().into(), now), None);
        }
        assert_eq!(memory.sent_since("0"), None);
        assert!(memory.sent_since("1").is_some());
        for id in 0..=KEPT {
            assert!(memory.count(&id.to_string().into()));
        }
        assert!(!memory.has_counted("0") && memory.has_counted("1"));
        assert!(!memory.count(&"1".into()));
    }

    #[test]
    fn the_first_call_is_remembered_until_its_answer_is_known() {
        let memory = Memory::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(memory.send(&"a".into(), at(1)), None);
        assert_eq!(memory.send(&"a".into(), at(2)), Some(at(1)));
        memory.answered("a");
        assert_eq!(memory.sent_since("a"), None);
    }
}
