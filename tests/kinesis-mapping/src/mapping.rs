//! The mapping: delivers batches of one shard to a function until each record is processed or discarded.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use futures_util::future::join_all;
use jiff::SignedDuration;
use retry::Clock;
use serde_json::Value;

use crate::{
    Shard,
    answer::{Answer, read},
    shard::Record,
};

#[cfg(test)]
mod tests;

/// The longest pause before a batch is delivered again.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The settings of a mapping, named as in Lambda's API.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// `BatchSize`.
    pub batch_size: usize,
    /// `ParallelizationFactor`: the number of concurrent batches of a shard. The records of a partition key stay in order.
    pub parallelization_factor: u64,
    /// `MaximumRetryAttempts`; `None` for no limit, the default of Lambda.
    pub retry_attempts: Option<u32>,
    /// Whether progress of the checkpoint renews the attempts of the rest of a batch. The documentation of Lambda does not
    /// specify it, so a function has to be correct in both cases.
    pub progress_renews_attempts: bool,
    /// `MaximumRecordAgeInSeconds`; `None` for no limit, the default of Lambda.
    pub record_age: Option<Duration>,
    /// `BisectBatchOnFunctionError`.
    pub bisect: bool,
    /// Whether `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub report_failures: bool,
    /// The `Timeout` of the function, which ends an invocation.
    pub timeout: Duration,
    /// The pause before a batch is delivered again for the first time; it doubles.
    pub pause: Duration,
    /// Numbers of invocations, from 0, whose answer does not reach the mapping. They count as failed.
    pub lost_answers: BTreeSet<u32>,
}

impl Default for Mapping {
    /// The defaults of Lambda.
    fn default() -> Self {
        Self {
            batch_size: 100,
            parallelization_factor: 1,
            retry_attempts: None,
            progress_renews_attempts: false,
            record_age: None,
            bisect: false,
            report_failures: false,
            timeout: Duration::from_secs(3),
            pause: Duration::from_secs(1),
            lost_answers: BTreeSet::new(),
        }
    }
}

/// The sequence numbers of records that a mapping has not finished: it will deliver or discard them. They can be read while
/// the mapping runs, and after it was stopped.
#[derive(Debug, Default)]
pub struct Owed(RefCell<BTreeSet<u128>>);

/// A batch, or the rest of one.
#[derive(Clone, Copy)]
struct Batch<'a> {
    records: &'a [Record],
    /// How often it failed: partial answers count, bisecting does not.
    failures: u32,
}

/// One run of a mapping.
struct Run<'a, I, D> {
    mapping: &'a Mapping,
    clock: Clock,
    shard: &'a Shard,
    invoke: I,
    discard: D,
    owed: &'a Owed,
    invocations: Cell<u32>,
}

impl Owed {
    /// The sequence numbers, in the order of the shard.
    pub fn sequence_numbers(&self) -> Vec<String> {
        self.0.borrow().iter().map(u128::to_string).collect()
    }

    fn add(&self, records: &[Record]) {
        let numbers = records.iter().map(|record| record.sequence_number);
        self.0.borrow_mut().extend(numbers);
    }

    fn remove(&self, records: &[Record]) {
        let mut owed = self.0.borrow_mut();
        for record in records {
            owed.remove(&record.sequence_number);
        }
    }
}

impl Mapping {
    /// Delivers the records of a shard in order until each is processed or discarded. `invoke` is the function, `discard`
    /// its destination on failure.
    pub async fn run(
        &self,
        clock: Clock,
        shard: &Shard,
        invoke: impl AsyncFn(Value) -> Result<Value, String>,
        discard: impl AsyncFn(Value),
    ) {
        let owed = Owed::default();
        self.run_watched(clock, shard, invoke, discard, &owed).await;
    }

    /// As [`Mapping::run`], and keeps `owed` up to date. A discarded record is removed when `discard` is called.
    pub async fn run_watched(
        &self,
        clock: Clock,
        shard: &Shard,
        invoke: impl AsyncFn(Value) -> Result<Value, String>,
        discard: impl AsyncFn(Value),
        owed: &Owed,
    ) {
        owed.add(shard.records());
        let run = Run {
            mapping: self,
            clock,
            shard,
            invoke,
            discard,
            owed,
            invocations: Cell::new(0),
        };
        let lanes = self.lanes(shard.records());
        join_all(lanes.iter().map(|lane| run.lane(lane))).await;
    }

    /// Distributes the records to lanes by partition key. In each lane one batch is processed at a time.
    fn lanes(&self, records: &[Record]) -> Vec<Vec<Record>> {
        let count = self.parallelization_factor.max(1);
        let lane_of = |record: &Record| {
            let mut hasher = DefaultHasher::new();
            record.partition_key.hash(&mut hasher);
            hasher.finish() % count
        };
        let lane = |lane| {
            let own = records.iter().filter(|record| lane_of(record) == lane);
            own.cloned().collect()
        };
        (0..count).map(lane).collect()
    }

    /// Returns the batches that are delivered again, the first one last.
    fn after<'a>(&self, answer: Answer, batch: Batch<'a>) -> Vec<Batch<'a>> {
        let Batch { records, failures } = batch;
        match answer {
            Answer::Done => Vec::new(),
            // Even with bisecting: the batch is cut at the number, and the rest is delivered again.
            Answer::From(place) => {
                let (_, records) = records.split_at(place);
                let renewed = place > 0 && self.progress_renews_attempts;
                let failures = if renewed { 1 } else { failures + 1 };
                vec![Batch { records, failures }]
            }
            Answer::Failed if self.bisect && records.len() > 1 => {
                let (first, second) = records.split_at(records.len() / 2);
                let part = |records| Batch { records, failures };
                vec![part(second), part(first)]
            }
            Answer::Failed => {
                let failures = failures + 1;
                vec![Batch { records, failures }]
            }
        }
    }
}

impl<I, D> Run<'_, I, D>
where
    I: AsyncFn(Value) -> Result<Value, String>,
    D: AsyncFn(Value),
{
    async fn lane(&self, records: &[Record]) {
        let mut rest = records;
        while let Some(first) = rest.first() {
            let wait = first.arrived_at.duration_since(self.clock.now());
            self.clock.sleep(wait.try_into().unwrap_or_default()).await;
            let now = self.clock.now();
            let here = rest.iter().take_while(|record| record.arrived_at <= now);
            let size = here.count().clamp(1, self.mapping.batch_size.max(1));
            let (records, behind) = rest.split_at(size);
            rest = behind;
            // A stack: the second half of a bisected batch is below the first one.
            let mut open = vec![Batch {
                records,
                failures: 0,
            }];
            while let Some(batch) = open.pop() {
                self.deliver(batch, &mut open).await;
            }
        }
    }

    /// Delivers a batch once, pushes the batches that are delivered again to `open`, and waits.
    async fn deliver<'a>(&self, batch: Batch<'a>, open: &mut Vec<Batch<'a>>) {
        let batch = self.without_the_old(batch).await;
        if batch.records.is_empty() {
            return;
        }
        let number = self.invocations.get();
        self.invocations.set(number + 1);
        let call = (self.invoke)(self.shard.event(batch.records));
        let answer = match self.clock.timeout(self.mapping.timeout, call).await {
            _ if self.mapping.lost_answers.contains(&number) => Answer::Failed,
            Ok(Ok(answer)) if self.mapping.report_failures => read(&answer, batch.records),
            Ok(Ok(_)) => Answer::Done,
            Ok(Err(_)) | Err(_) => Answer::Failed,
        };
        let again = self.mapping.after(answer, batch);
        let left: usize = again.iter().map(|batch| batch.records.len()).sum();
        let (done, _) = batch.records.split_at(batch.records.len() - left);
        self.owed.remove(done);
        let Some(failures) = again.iter().map(|batch| batch.failures).max() else {
            return;
        };
        for batch in again {
            let most = self.mapping.retry_attempts;
            if most.is_some_and(|most| batch.failures > most) {
                let invocations = batch.failures;
                self.discard(batch.records, "RetryAttemptsExhausted", invocations)
                    .await;
            } else {
                open.push(batch);
            }
        }
        let pause = self.mapping.pause.saturating_mul(1 << failures.min(10));
        self.clock.sleep(pause.min(LONGEST_PAUSE)).await;
    }

    /// Discards the records that are too old, which are the first ones of the batch.
    async fn without_the_old<'a>(&self, batch: Batch<'a>) -> Batch<'a> {
        let age = self.mapping.record_age;
        let Some(most) = age.and_then(|age| SignedDuration::try_from(age).ok()) else {
            return batch;
        };
        let now = self.clock.now();
        let is_old = |record: &&Record| now.duration_since(record.arrived_at) > most;
        let old = batch.records.iter().take_while(is_old).count();
        let (old, records) = batch.records.split_at(old);
        if !old.is_empty() {
            self.discard(old, "RecordAgeExceeded", batch.failures).await;
        }
        Batch { records, ..batch }
    }

    async fn discard(&self, records: &[Record], condition: &str, invocations: u32) {
        self.owed.remove(records);
        (self.discard)(self.shard.discarded(records, condition, invocations)).await;
    }
}
