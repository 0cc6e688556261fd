//! Fifth stage: settles each record at its final outcome, which is the only place that counts it.

mod parking;

pub(crate) use parking::Parking;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use futures_util::{StreamExt, stream};
use tt_metrics::Outcome;

use crate::{
    deduplicate::Memory,
    ending::{Ending, Rejection},
    map::Item,
};

/// Number of records that are parked concurrently.
const CONCURRENT_WRITES: usize = 8;
/// Parked records of one batch that get a log line each. The other ones are summed up by code.
const LOGGED_RECORDS: u64 = 10;

/// The ledger of one batch.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    pub(crate) memory: &'a Memory,
    pub(crate) parking: Parking<'a>,
    /// Newly parked records of the batch by code.
    pub(crate) parked: BTreeMap<Cow<'static, str>, u64>,
}

/// The outcomes of a chunk.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) created: u64,
    pub(crate) neutral: u64,
    pub(crate) failed: u64,
    pub(crate) retry: Option<RetryFrom>,
}

/// The first Kinesis record that is delivered again, with everything after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RetryFrom {
    /// Its index in the batch.
    pub(crate) index: usize,
    pub(crate) cause: Cow<'static, str>,
}

impl Ledger<'_> {
    /// Settles the records of a chunk.
    ///
    /// A created Case is final wherever it is, because its replay finds it. All other records behind one that is
    /// delivered again are delivered again, too, and are settled then.
    pub(crate) async fn settle(&mut self, items: &[Item<'_>]) -> Totals {
        let mut totals = Totals::default();
        for item in items {
            if matches!(item.ending, Some(Ending::Created | Ending::Retry(_)) | None) {
                totals.add(item, self.settle_record(item).await);
            }
        }
        self.park_rejected(items, &mut totals).await;
        for item in items {
            if matches!(item.ending, Some(Ending::NothingToDo)) && totals.includes(item) {
                totals.add(item, self.settle_record(item).await);
            }
        }
        totals
    }

    async fn park_rejected(&mut self, items: &[Item<'_>], totals: &mut Totals) {
        let must_stop = AtomicBool::new(false);
        let mut writes = Vec::new();
        for item in items {
            if let (Some(Ending::Rejected(rejection)), true) = (&item.ending, totals.includes(item))
            {
                let (must_stop, ledger) = (&must_stop, &*self);
                writes.push(async move {
                    if must_stop.load(Ordering::Relaxed) {
                        return None;
                    }
                    let outcome = ledger.settle_record(item).await;
                    must_stop.fetch_or(outcome.is_err(), Ordering::Relaxed);
                    Some((item, rejection, outcome))
                });
            }
        }
        let mut writes = stream::iter(writes).buffered(CONCURRENT_WRITES);
        let mut parked = Vec::new();
        while let Some(written) = writes.next().await {
            let Some((item, rejection, outcome)) = written else {
                continue;
            };
            if outcome == Ok(Outcome::Failure) {
                parked.push((item.record.position.index, rejection));
            }
            totals.add(item, outcome);
        }
        drop(writes);
        for (index, rejection) in parked {
            self.log_parked(index, rejection);
        }
    }

    /// Settles one record. The error is the cause for which the record is delivered again, and counts nothing.
    ///
    /// A rejected record is parked before it is counted. The write reports whether an earlier delivery parked the record
    /// already, and only the delivery that parked it counts a failure. A record that cannot be parked is delivered again,
    /// so a count before the write would be repeated. TT Producer counts first, because S3 does not deliver a single
    /// record again: its failure is final even if it cannot be parked.
    #[tt_metrics::count_outcome(success = "SFCaseCreated", failure = "SFCaseFailed", by = outcome)]
    async fn settle_record(&self, item: &Item<'_>) -> Result<Outcome, Cow<'static, str>> {
        let event_id = item.event_id();
        match &item.ending {
            Some(Ending::Created) => Ok(self.outcome_of_created(event_id.unwrap_or_default())),
            Some(Ending::Rejected(rejection)) => self.park(item, rejection).await,
            Some(Ending::NothingToDo) => {
                self.memory.remember_answered(event_id.unwrap_or_default());
                Ok(Outcome::Neutral)
            }
            Some(Ending::Retry(cause)) => Err(cause.clone()),
            None => Err(Cow::Borrowed("it was not delivered")),
        }
    }

    /// The outcome of a record whose Case exists. Two concurrent deliveries may both find the Case of one lost call; the
    /// second one is neutral.
    fn outcome_of_created(&self, event_id: &str) -> Outcome {
        if self.memory.remember_counted(event_id) {
            Outcome::Success
        } else {
            Outcome::Neutral
        }
    }

    async fn park(
        &self,
        item: &Item<'_>,
        rejection: &Rejection,
    ) -> Result<Outcome, Cow<'static, str>> {
        let parked = self.parking.park(item, rejection).await;
        let is_new = parked.map_err(|error| error.to_string())?;
        if let Some(event_id) = item.event_id() {
            self.memory
                .remember_parked(event_id, item.record.position.sequence_number);
            self.memory.remember_answered(event_id);
        }
        Ok(if is_new {
            Outcome::Failure
        } else {
            Outcome::Neutral
        })
    }

    fn log_parked(&mut self, record: usize, rejection: &Rejection) {
        if self.parked.values().sum::<u64>() < LOGGED_RECORDS {
            let Rejection { code, fields, .. } = rejection;
            tracing::warn!(record, %code, ?fields, "record parked");
        }
        *self.parked.entry(rejection.code.clone()).or_default() += 1;
    }

    /// Logs the sums of a batch with more parked records than were logged one by one.
    pub(crate) fn log_sums(&self) {
        let parked = self.parked.values().sum::<u64>();
        if parked > LOGGED_RECORDS {
            tracing::warn!(parked, by_code = ?self.parked, "records parked");
        }
    }
}

fn outcome(settled: &Result<Outcome, Cow<'static, str>>) -> Outcome {
    // A record that is delivered again has no outcome yet.
    *settled.as_ref().unwrap_or(&Outcome::Neutral)
}

impl Totals {
    /// Whether an item is before everything that is delivered again.
    fn includes(&self, item: &Item<'_>) -> bool {
        let first = self.retry.as_ref().map(|retry| retry.index);
        first.is_none_or(|first| item.record.position.index < first)
    }

    fn add(&mut self, item: &Item<'_>, settled: Result<Outcome, Cow<'static, str>>) {
        match settled {
            Ok(Outcome::Success) => self.created += 1,
            Ok(Outcome::Failure) => self.failed += 1,
            Ok(_) => self.neutral += 1,
            Err(cause) if self.includes(item) => {
                let index = item.record.position.index;
                self.retry = Some(RetryFrom { index, cause });
            }
            Err(_) => {}
        }
    }
}
