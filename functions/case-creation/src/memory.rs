//! What this process knows of the Cases that it sent and counted.
//!
//! A Case whose answer was lost is found again by a later call, in the same invocation or in one that
//! comes after it. Only memory tells it from a Case that was counted before, and one that another
//! process created. A shard's next delivery goes to the same process as a rule; another one takes the
//! Case for a replay, so that one success is missing rather than one counted twice.
//!
//! Of the id of a Case only a hash is kept, of 64 bits under the random key of the process: among twice
//! [`KEPT`] ids a new one is taken for another twice in 10^15 times, and its success is not counted. Parked records are kept
//! by name, since one that is taken for another would be lost.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// The batches of a few minutes, about a megabyte. At least so many names are kept, and at most twice as many.
const KEPT: usize = 20_000;

/// The latest Cases.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    names: RandomState,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    counted: Latest<u64, AsItIs>,
    /// Records that were parked, by event id and sequence number.
    parked: Latest<String, RandomState>,
    /// Since when a Case may have been created without our knowing.
    sent: HashMap<u64, Timestamp, AsItIs>,
}

/// The latest names that were added, in two generations: forgetting the older one as a whole costs nothing
/// for each name.
#[derive(Debug, Default)]
struct Latest<N, S> {
    young: HashSet<N, S>,
    old: HashSet<N, S>,
}

type AsItIs = BuildHasherDefault<Hashed>;

/// The hash of what is a hash already.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// Not called for a `u64`.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

impl<N: Eq + Hash, S: BuildHasher> Latest<N, S> {
    /// Adds a name; false when it is there already.
    fn add(&mut self, name: N) -> bool {
        if self.old.contains(&name) || !self.young.insert(name) {
            return false;
        }
        if self.young.len() >= KEPT {
            mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        true
    }

    fn contains(&self, name: &N) -> bool {
        self.young.contains(name) || self.old.contains(name)
    }

    fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }
}

impl Memory {
    /// Remembers that a Case is being sent, and returns since when it may have been created unseen:
    /// `None` when this is the first call for it.
    pub(crate) fn send(&self, event_id: &str, now: Timestamp) -> Option<Timestamp> {
        let id = self.names.hash_one(event_id);
        let mut known = self.known();
        if let Some(since) = known.sent.get(&id) {
            return Some(*since);
        }
        if known.sent.len() >= KEPT {
            let oldest = known.sent.iter().min_by_key(|(_, since)| **since);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                known.sent.remove(&oldest);
            }
        }
        known.sent.insert(id, now);
        None
    }

    /// Since when a Case may have been created unseen.
    pub(crate) fn sent_since(&self, event_id: &str) -> Option<Timestamp> {
        let id = self.names.hash_one(event_id);
        self.known().sent.get(&id).copied()
    }

    /// Forgets that a Case was sent: what became of it is known.
    pub(crate) fn answered(&self, event_id: &str) {
        let id = self.names.hash_one(event_id);
        self.known().sent.remove(&id);
    }

    /// Remembers a Case that is counted as created; false when it was counted before.
    pub(crate) fn count(&self, event_id: &str) -> bool {
        let id = self.names.hash_one(event_id);
        let mut known = self.known();
        known.sent.remove(&id);
        known.counted.add(id)
    }

    /// Whether the Case of this event was counted.
    pub(crate) fn has_counted(&self, event_id: &str) -> bool {
        let id = self.names.hash_one(event_id);
        self.known().counted.contains(&id)
    }

    /// Remembers a record that is parked.
    pub(crate) fn park(&self, event_id: &str, sequence_number: Option<&str>) {
        let name = parked_name(event_id, sequence_number);
        self.known().parked.add(name);
    }

    /// Whether this very record is parked. Another record of the same event is not: somebody may have
    /// sent the event again, to have its Case after all.
    pub(crate) fn has_parked(&self, event_id: &str, sequence_number: Option<&str>) -> bool {
        let known = self.known();
        // As a rule nothing is parked, and there is no name to be made.
        !known.parked.is_empty()
            && known
                .parked
                .contains(&parked_name(event_id, sequence_number))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Whatever panicked, each of these collections is whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
            assert_eq!(memory.send(&id.to_string(), now), None);
        }
        assert_eq!(memory.sent_since("0"), None);
        assert!(memory.sent_since("1").is_some());
        for id in 0..3 * KEPT {
            assert!(memory.count(&id.to_string()));
            let oldest = (id + 1).saturating_sub(KEPT).to_string();
            assert!(memory.has_counted(&oldest) && !memory.count(&oldest));
            if let Some(forgotten) = id.checked_sub(2 * KEPT) {
                assert!(!memory.has_counted(&forgotten.to_string()));
            }
        }
    }

    #[test]
    fn a_parked_record_is_known_by_its_event_and_its_number() {
        let memory = Memory::default();
        memory.park("a", Some("1"));
        assert!(memory.has_parked("a", Some("1")));
        for (id, number) in [
            ("a", Some("2")),
            ("a", None),
            ("b", Some("1")),
            ("a1", Some("")),
        ] {
            assert!(!memory.has_parked(id, number), "{id} {number:?}");
        }
    }

    #[test]
    fn the_first_call_is_remembered_until_its_answer_is_known() {
        let memory = Memory::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(memory.send("a", at(1)), None);
        assert_eq!(memory.send("a", at(2)), Some(at(1)));
        memory.answered("a");
        assert_eq!(memory.sent_since("a"), None);
        assert_eq!(memory.send("a", at(3)), None);
        memory.count("a");
        assert_eq!(memory.sent_since("a"), None);
    }
}
