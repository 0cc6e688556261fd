//! The mapping: batches of one shard to a function, until each record is done or discarded.

use std::{collections::BTreeSet, time::Duration};

use jiff::SignedDuration;
use kinesis_consumer::Clock;
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
    /// `MaximumRetryAttempts`; `None` for no limit, the default of Lambda.
    pub retry_attempts: Option<u32>,
    /// `MaximumRecordAgeInSeconds`; `None` for no limit, the default of Lambda.
    pub record_age: Option<Duration>,
    /// `BisectBatchOnFunctionError`.
    pub bisect: bool,
    /// Whether `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub report_failures: bool,
    /// The `Timeout` of the function: then an invocation is cut off.
    pub timeout: Duration,
    /// The pause before a batch is delivered again for the first time; it doubles.
    pub pause: Duration,
    /// Numbers of invocations, from 0, whose answer does not reach the mapping: it takes them for
    /// failed.
    pub lost_answers: BTreeSet<u32>,
}

impl Default for Mapping {
    /// The defaults of Lambda.
    fn default() -> Self {
        Self {
            batch_size: 100,
            retry_attempts: None,
            record_age: None,
            bisect: false,
            report_failures: false,
            timeout: Duration::from_secs(3),
            pause: Duration::from_secs(1),
            lost_answers: BTreeSet::new(),
        }
    }
}

/// A batch, or what is left of it.
#[derive(Clone, Copy)]
struct Batch<'a> {
    records: &'a [Record],
    /// How often it failed: partial answers count, bisecting does not.
    failures: u32,
}

impl Mapping {
    /// Delivers the records of a shard in their order until each is done or discarded. `invoke` is the
    /// function, `discard` its destination on failure.
    pub async fn run(
        &self,
        clock: Clock,
        shard: &Shard,
        invoke: impl AsyncFn(Value) -> Result<Value, String>,
        discard: impl AsyncFn(Value),
    ) {
        let mut invocations = 0;
        let mut rest = shard.records();
        while let Some(first) = rest.first() {
            let wait = first.arrived_at.duration_since(clock.now());
            clock.sleep(wait.try_into().unwrap_or_default()).await;
            let now = clock.now();
            let here = rest.iter().take_while(|record| record.arrived_at <= now);
            let size = here.count().clamp(1, self.batch_size.max(1));
            let (records, behind) = rest.split_at(size);
            rest = behind;
            // What bisecting leaves for later stands below.
            let mut open = vec![Batch {
                records,
                failures: 0,
            }];
            while let Some(batch) = open.pop() {
                let batch = self.without_the_old(clock, shard, batch, &discard).await;
                if batch.records.is_empty() {
                    continue;
                }
                let number = invocations;
                invocations += 1;
                let call = clock.timeout(self.timeout, invoke(shard.event(batch.records)));
                let answer = match call.await {
                    _ if self.lost_answers.contains(&number) => Answer::Failed,
                    Ok(Ok(answer)) if self.report_failures => read(&answer, batch.records),
                    Ok(Ok(_)) => Answer::Done,
                    Ok(Err(_)) | Err(_) => Answer::Failed,
                };
                let again = self.after(answer, batch);
                let failures = again.iter().map(|batch| batch.failures).max();
                for batch in again {
                    if self
                        .retry_attempts
                        .is_some_and(|most| batch.failures > most)
                    {
                        let condition = "RetryAttemptsExhausted";
                        discard(shard.discarded(batch.records, condition, batch.failures)).await;
                    } else {
                        open.push(batch);
                    }
                }
                if let Some(failures) = failures {
                    let pause = self.pause.saturating_mul(1 << failures.min(10));
                    clock.sleep(pause.min(LONGEST_PAUSE)).await;
                }
            }
        }
    }

    /// What is to be delivered again, the first part last.
    fn after<'a>(&self, answer: Answer, batch: Batch<'a>) -> Vec<Batch<'a>> {
        let Batch { records, failures } = batch;
        match answer {
            Answer::Done => Vec::new(),
            Answer::From(place) => {
                let (_, records) = records.split_at(place);
                let failures = failures + 1;
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

    /// Discards records that are too old by now; they are the first of the batch.
    async fn without_the_old<'a>(
        &self,
        clock: Clock,
        shard: &Shard,
        batch: Batch<'a>,
        discard: impl AsyncFn(Value),
    ) -> Batch<'a> {
        let Some(most) = self
            .record_age
            .and_then(|age| SignedDuration::try_from(age).ok())
        else {
            return batch;
        };
        let is_old = |record: &&Record| clock.now().duration_since(record.arrived_at) > most;
        let old = batch.records.iter().take_while(is_old).count();
        let (old, records) = batch.records.split_at(old);
        if !old.is_empty() {
            discard(shard.discarded(old, "RecordAgeExceeded", batch.failures)).await;
        }
        Batch { records, ..batch }
    }
}
