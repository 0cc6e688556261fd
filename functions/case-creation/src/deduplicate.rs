//! Second stage: records that need no delivery, because an earlier record or an earlier delivery covers them.

mod memory;
mod parked;

pub(crate) use memory::Memory;
pub(crate) use parked::object_key;

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use retry::Deadline;

use crate::{
    decode::{Decoded, Intake, Record},
    ending::{Ending, Rejection},
    expiry::Expiry,
    s3::S3,
};

/// Number of concurrent lookups in the bucket.
const CONCURRENT_LOOKUPS: usize = 8;

/// Finds the duplicates of one batch.
#[derive(Debug)]
pub(crate) struct Deduplicator<'a> {
    pub(crate) memory: &'a Memory,
    pub(crate) s3: &'a S3,
    pub(crate) intake: Intake<'a>,
    pub(crate) expiry: Expiry,
    pub(crate) deadline: Deadline,
    /// The event ids of the batch so far.
    pub(crate) seen: HashSet<String>,
}

impl Deduplicator<'_> {
    /// Returns how each record ended before this delivery; `None` for those that have to be delivered.
    pub(crate) async fn endings(
        &mut self,
        chunk: &[Decoded<'_>],
        now: Timestamp,
    ) -> Vec<Option<Ending>> {
        let mut endings: Vec<_> = chunk.iter().map(|record| self.copy(record)).collect();
        let mut lookups = Vec::new();
        for (Decoded { record, event }, ending) in chunk.iter().zip(&mut endings) {
            let (Ok(event), None) = (event, &ending) else {
                continue;
            };
            if self.may_be_parked(record, event.event_id(), now) {
                let lookup = self.parked(record, event.event_id(), now);
                lookups.push(async move { *ending = lookup.await });
            }
        }
        stream::iter(lookups)
            .buffer_unordered(CONCURRENT_LOOKUPS)
            .collect::<Vec<()>>()
            .await;
        endings
    }

    /// Finds a second record of the same event in the batch.
    fn copy(&mut self, Decoded { event, .. }: &Decoded<'_>) -> Option<Ending> {
        let event = event.as_ref().ok()?;
        let is_new = self.seen.insert(event.event_id().to_owned());
        (!is_new).then_some(Ending::NothingToDo)
    }

    /// Whether an earlier delivery may have parked this record. A lookup costs as much as the rest of a record, so only
    /// two kinds of records need one: those of which this process parked a copy, and those that are about to
    /// expire, because they can be parked although they could be delivered a moment later.
    fn may_be_parked(&self, record: &Record<'_>, event_id: &str, now: Timestamp) -> bool {
        let number = record.position.sequence_number;
        self.intake == Intake::Live
            && (self.expiry.is_expiring(record, now)
                || self.memory.has_parked(event_id, number)
                || self.may_be_stored(record, event_id))
    }

    /// Whether a write of this record was left without an answer.
    fn may_be_stored(&self, record: &Record<'_>, event_id: &str) -> bool {
        // Usually there are none, and no key has to be built.
        self.memory.has_unanswered_writes()
            && self
                .memory
                .may_be_stored(&object_key(record, Some(event_id)))
    }

    /// Looks up whether this record was parked by an earlier delivery.
    async fn parked(&self, record: &Record<'_>, event_id: &str, now: Timestamp) -> Option<Ending> {
        let number = record.position.sequence_number;
        if self.memory.has_parked(event_id, number) {
            return Some(Ending::NothingToDo);
        }
        let key = object_key(record, Some(event_id));
        if !self.memory.may_be_stored(&key) && !self.expiry.is_expiring(record, now) {
            return None;
        }
        match self.s3.exists(&key, self.deadline).await {
            Ok(false) => None,
            // Nobody counted it: the ledger parks it once more, finds the object, and counts it.
            Ok(true) if self.memory.may_be_stored(&key) => {
                let message = "an earlier delivery parked it without an answer of the bucket";
                Some(Ending::Rejected(Rejection::new("PARKED", message)))
            }
            Ok(true) => {
                // The answer to this delivery may be lost, too.
                self.memory.remember_parked(event_id, number);
                Some(Ending::NothingToDo)
            }
            Err(error) => Some(Ending::Retry(error.to_string().into())),
        }
    }
}
