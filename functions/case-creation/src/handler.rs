//! One invocation: a batch of Kinesis records, each to its outcome.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use aws_config::SdkConfig;
use futures_util::{StreamExt, stream};

use crate::{
    Config, Deadline, Error, ErrorCodes, Mapping,
    attempt::{Rules, Verdict},
    backoff::Backoff,
    batch::{BatchResponse, KinesisBatch},
    deliver::{Delivery, Patience},
    park::{Parked, Parking},
    recent::Recent,
    record::{Record, Work, prepare},
    reply::Refusal,
    salesforce::{MAX_RECORDS_PER_CALL, Salesforce},
    session::{Missing, Session},
    settle::{Settled, settle},
    token::Tokens,
};

#[cfg(test)]
mod tests;

const PATIENCE: Patience = Patience {
    attempts: 5,
    backoff: Backoff {
        base: Duration::from_millis(200),
        cap: Duration::from_secs(5),
    },
};
const LONGEST_CALL: Duration = Duration::from_secs(30);
/// Parked at once.
const PARALLEL_PARKS: usize = 8;
/// A chunk is not started with less time than this.
const SHORTEST_CHUNK: Duration = Duration::from_millis(500);

/// The function: made once at cold start, used by every invocation.
#[derive(Debug)]
pub struct CaseCreation {
    mapping: Mapping,
    codes: ErrorCodes,
    salesforce: Salesforce,
    tokens: Tokens,
    parking: Parking,
    recent: Recent,
    patience: Patience,
    longest_call: Duration,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Cases created.
    pub created: u64,
    /// Records with nothing left to do.
    pub nothing: u64,
    /// Records that will never be a Case, parked by this invocation.
    pub failed: u64,
    /// The answer to the event source mapping.
    pub response: BatchResponse,
}

/// The state of a batch on its way.
#[derive(Debug, Default)]
struct Progress {
    summary: Summary,
    /// The lowest index that has to be delivered again, with everything after it.
    again_from: Option<usize>,
}

/// A chunk of the batch, each record beside its index and its verdict.
type Judged<'a> = Vec<(usize, &'a Record, Verdict)>;

impl CaseCreation {
    /// Makes the clients.
    ///
    /// # Errors
    ///
    /// When the HTTP client cannot be made.
    pub fn new(config: Config, aws: &SdkConfig) -> Result<Self, Error> {
        Ok(Self {
            codes: ErrorCodes::shipped()?,
            salesforce: Salesforce::new(config.api_version)?,
            tokens: Tokens::new(
                aws_sdk_secretsmanager::Client::new(aws),
                aws_sdk_lambda::Client::new(aws),
                config.token_secret_id,
                config.token_manager_function,
            ),
            parking: Parking::new(aws, config.parking_bucket, config.path_style),
            mapping: config.mapping,
            recent: Recent::default(),
            patience: PATIENCE,
            longest_call: LONGEST_CALL,
        })
    }

    /// Brings each record to its final outcome, or reports the first one that has none yet.
    ///
    /// # Errors
    ///
    /// Only when nothing was done: the event is not a Kinesis batch.
    pub async fn handle(&self, batch: KinesisBatch, deadline: Deadline) -> Result<Summary, Error> {
        let received = batch.received().ok_or(Error::NotKinesis)?;
        drop(batch);
        let records = prepare(received, |event| self.mapping.sobject(event));
        let mut progress = Progress::default();
        for (number, chunk) in records.chunks(MAX_RECORDS_PER_CALL).enumerate() {
            let first = number * MAX_RECORDS_PER_CALL;
            if deadline.left_for_calls() < SHORTEST_CHUNK {
                progress.block(first, "out of time");
            } else {
                let judged = self.judge(first, chunk, deadline).await;
                self.settle(judged, &mut progress, deadline).await;
            }
            // What comes after would be delivered again anyway.
            if progress.again_from.is_some() {
                break;
            }
        }
        Ok(progress.finish(&records))
    }

    async fn judge<'a>(&self, first: usize, chunk: &'a [Record], deadline: Deadline) -> Judged<'a> {
        let cases: Vec<_> = chunk.iter().filter_map(Record::case).collect();
        let missing = Missing::default();
        let delivery = Delivery {
            session: Session {
                salesforce: &self.salesforce,
                tokens: &self.tokens,
                codes: &self.codes,
                longest_call: self.longest_call,
                missing: &missing,
                deadline,
            },
            rules: Rules {
                codes: &self.codes,
                external_id: self.mapping.external_id(),
            },
            recent: &self.recent,
            patience: self.patience,
        };
        let mut verdicts = delivery.deliver(&cases).await.into_iter();
        let judged = (first..).zip(chunk).map(|(index, record)| {
            let verdict = match &record.work {
                Work::Create(_) => verdicts.next().unwrap_or_else(|| Verdict::Later {
                    cause: "no verdict".to_owned(),
                }),
                Work::Copy => Verdict::Exists,
                Work::Refuse(refusal) => Verdict::Refused(refusal.clone()),
            };
            (index, record, verdict)
        });
        judged.collect()
    }

    /// Settles what is final. A Case that was created is final wherever it stands, since its replay
    /// finds it. Anything else behind a record that is delivered again comes again too, and is left
    /// to that delivery.
    async fn settle(&self, judged: Judged<'_>, progress: &mut Progress, deadline: Deadline) {
        for (index, record, verdict) in &judged {
            match verdict {
                Verdict::Created => {
                    if let Some(case) = record.case() {
                        self.recent.remember(&case.event_id);
                    }
                    progress.count(Settled::Created);
                }
                Verdict::Later { cause } => progress.block(*index, cause),
                Verdict::Exists | Verdict::Refused(_) => {}
            }
        }
        let end = progress.again_from.unwrap_or(usize::MAX);
        let blocked = AtomicBool::new(false);
        let mut parks = Vec::new();
        for (index, record, verdict) in &judged {
            if let (true, Verdict::Refused(refusal)) = (*index < end, verdict) {
                let park = self.park_unless(&blocked, record, refusal, deadline);
                parks.push(async move { (*index, refusal, park.await) });
            }
        }
        let mut parks = stream::iter(parks).buffered(PARALLEL_PARKS);
        while let Some(parked) = parks.next().await {
            match parked {
                (index, refusal, Some(Ok(parked))) => progress.parked(index, refusal, parked),
                (index, _, Some(Err(error))) => {
                    blocked.store(true, Ordering::Relaxed);
                    progress.block(index, &error.to_string());
                }
                (_, _, None) => {}
            }
        }
        let end = progress.again_from.unwrap_or(usize::MAX);
        for (index, _, verdict) in &judged {
            if *index < end && *verdict == Verdict::Exists {
                progress.count(Settled::Nothing);
            }
        }
    }

    async fn park_unless(
        &self,
        blocked: &AtomicBool,
        record: &Record,
        refusal: &Refusal,
        deadline: Deadline,
    ) -> Option<Result<Parked, Error>> {
        if blocked.load(Ordering::Relaxed) {
            return None;
        }
        let event_id = record.case().map(|case| case.event_id.as_str());
        let parked = self.parking.park(record, event_id, refusal, deadline);
        Some(parked.await)
    }
}

impl Progress {
    fn count(&mut self, settled: Settled) {
        let counter = match settle(settled) {
            Settled::Created => &mut self.summary.created,
            Settled::Nothing => &mut self.summary.nothing,
            Settled::Failed => &mut self.summary.failed,
        };
        *counter += 1;
    }

    fn parked(&mut self, index: usize, refusal: &Refusal, parked: Parked) {
        tracing::warn!(record = index, code = refusal.code, fields = ?refusal.fields, "record parked");
        self.count(match parked {
            Parked::Now => Settled::Failed,
            Parked::Before => Settled::Nothing,
        });
    }

    fn block(&mut self, index: usize, cause: &str) {
        if self.again_from.is_none_or(|first| index < first) {
            tracing::error!(record = index, cause, "record has to be delivered again");
            self.again_from = Some(index);
        }
    }

    fn finish(self, records: &[Record]) -> Summary {
        let mut summary = self.summary;
        if let Some(index) = self.again_from {
            let numbers: Vec<_> = records.iter().map(|r| r.sequence_number.clone()).collect();
            summary.response = BatchResponse::again_from(index, &numbers);
        }
        tracing::info!(
            records = records.len(),
            created = summary.created,
            nothing = summary.nothing,
            failed = summary.failed,
            again_from = self.again_from,
            "batch done"
        );
        summary
    }
}
