//! The events that this process has sent, counted and parked.
//!
//! A Case whose answer was lost is found by a later call, in the same invocation or in a later one. Only this memory
//! distinguishes it from a Case that was counted before, and from one that another process created. The next delivery of
//! a shard usually goes to the same process. Another process takes the Case for a replay, so one success is missing
//! rather than counted twice.
//!
//! Only a 64-bit hash of an event id is kept, under a random key of the process. Among twice [`KEPT`] ids a new one
//! collides with probability 2e-15, and its success is not counted. Parked records are kept by name,
//! because a collision there would lose a record.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// The smallest number of names that are kept; the largest is twice as many. These are the batches of a few minutes, in
/// about a megabyte.
const KEPT: usize = 20_000;

/// The latest events of the process.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Hashes of the events whose Case was counted.
    counted: Latest<u64, PassThrough>,
    /// Records that were parked, by event id and sequence number.
    parked: Latest<String, RandomState>,
    /// Object keys of writes to the bucket that were left without an answer.
    unanswered_writes: HashSet<String>,
    /// Time of the first call that may have created the Case of an event without an answer.
    sent: HashMap<u64, Timestamp, PassThrough>,
}

/// The latest names, in two generations. The older one is dropped as a whole, which costs nothing for each name.
#[derive(Debug, Default)]
struct Latest<N, S> {
    young: HashSet<N, S>,
    old: HashSet<N, S>,
}

type PassThrough = BuildHasherDefault<PassThroughHasher>;

/// Returns a `u64` that is a hash already.
#[derive(Debug, Default)]
struct PassThroughHasher(u64);

impl Hasher for PassThroughHasher {
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
    /// Adds a name; false when it was added before.
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
    /// Records that a Case is being sent. Returns the time of the first call that may have created it without an
    /// answer; `None` when this call is the first one.
    pub(crate) fn remember_sent(&self, event_id: &str, now: Timestamp) -> Option<Timestamp> {
        let id = self.hasher.hash_one(event_id);
        let mut state = self.state();
        if let Some(since) = state.sent.get(&id) {
            return Some(*since);
        }
        if state.sent.len() >= KEPT {
            let oldest = state.sent.iter().min_by_key(|(_, since)| **since);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                state.sent.remove(&oldest);
            }
        }
        state.sent.insert(id, now);
        None
    }

    /// Returns the time of the first call that may have created a Case without an answer.
    pub(crate) fn sent_since(&self, event_id: &str) -> Option<Timestamp> {
        let id = self.hasher.hash_one(event_id);
        self.state().sent.get(&id).copied()
    }

    /// Forgets that a Case was sent, because the result of the call is known.
    pub(crate) fn remember_answered(&self, event_id: &str) {
        let id = self.hasher.hash_one(event_id);
        self.state().sent.remove(&id);
    }

    /// Records that a Case is counted as created; false when it was counted before.
    pub(crate) fn remember_counted(&self, event_id: &str) -> bool {
        let id = self.hasher.hash_one(event_id);
        let mut state = self.state();
        state.sent.remove(&id);
        state.counted.add(id)
    }

    /// Whether the Case of this event was counted by this process.
    pub(crate) fn has_counted(&self, event_id: &str) -> bool {
        let id = self.hasher.hash_one(event_id);
        self.state().counted.contains(&id)
    }

    /// Records that a record is parked.
    pub(crate) fn remember_parked(&self, event_id: &str, sequence_number: Option<&str>) {
        let name = parked_name(event_id, sequence_number);
        self.state().parked.add(name);
    }

    /// Whether this record was parked by this process. Another record of the same event was not: an operator may have
    /// sent the event once more so that its Case is created.
    pub(crate) fn has_parked(&self, event_id: &str, sequence_number: Option<&str>) -> bool {
        let state = self.state();
        // Usually nothing is parked, and no name has to be built.
        !state.parked.is_empty()
            && state
                .parked
                .contains(&parked_name(event_id, sequence_number))
    }

    /// Records that a write of this object was left without an answer.
    pub(crate) fn leave_write_unanswered(&self, key: &str) {
        let mut state = self.state();
        if state.unanswered_writes.len() >= KEPT {
            state.unanswered_writes.clear();
        }
        state.unanswered_writes.insert(key.to_owned());
    }

    /// Forgets an unanswered write of this object; true when there was one.
    pub(crate) fn answer_write(&self, key: &str) -> bool {
        self.state().unanswered_writes.remove(key)
    }

    /// Whether this object may be stored by a write without an answer.
    pub(crate) fn may_be_stored(&self, key: &str) -> bool {
        self.state().unanswered_writes.contains(key)
    }

    /// Whether any write was left without an answer.
    pub(crate) fn has_unanswered_writes(&self) -> bool {
        !self.state().unanswered_writes.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave one of these collections half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parked_name(event_id: &str, sequence_number: Option<&str>) -> String {
    format!("{event_id} {}", sequence_number.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_names_are_kept() {
        let memory = Memory::default();
        for id in 0..=KEPT {
            let now = Timestamp::from_second(i64::try_from(id).unwrap()).unwrap();
            assert_eq!(memory.remember_sent(&id.to_string(), now), None);
        }
        assert_eq!(memory.sent_since("0"), None);
        assert!(memory.sent_since("1").is_some());
        for id in 0..3 * KEPT {
            assert!(memory.remember_counted(&id.to_string()));
            let oldest = (id + 1).saturating_sub(KEPT).to_string();
            assert!(memory.has_counted(&oldest) && !memory.remember_counted(&oldest));
            if let Some(forgotten) = id.checked_sub(2 * KEPT) {
                assert!(!memory.has_counted(&forgotten.to_string()));
            }
        }
    }

    #[test]
    fn a_parked_record_is_recognised_by_its_event_and_its_sequence_number() {
        let memory = Memory::default();
        memory.remember_parked("a", Some("1"));
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
        assert_eq!(memory.remember_sent("a", at(1)), None);
        assert_eq!(memory.remember_sent("a", at(2)), Some(at(1)));
        memory.remember_answered("a");
        assert_eq!(memory.sent_since("a"), None);
        assert_eq!(memory.remember_sent("a", at(3)), None);
        memory.remember_counted("a");
        assert_eq!(memory.sent_since("a"), None);
    }
}
