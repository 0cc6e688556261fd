//! One invocation: a batch of Kinesis records, or notifications of batches that the event source mapping discarded.

use std::{
    collections::{BTreeMap, HashSet},
    sync::atomic::AtomicBool,
    time::Duration,
};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use lambda_events::{Message, Notice};
use response_limit::ResponseLimit;
use retry::{Backoff, Clock, Deadline, Margin, RetryPolicy};

use crate::{
    Config, Error, Event, Mapping, Summary,
    acknowledge::{Acknowledgement, BatchResponse},
    decode::{self, DiscardedBatch, Intake, InvocationRecord, KinesisBatch},
    deduplicate::{Deduplicator, Memory},
    deliver::{
        Creation, Delivery, Lookup,
        salesforce::{
            Breaker, ErrorCodes, MAX_RECORDS_PER_CALL, Salesforce, Session, TokenFailure, Tokens,
        },
    },
    expiry::Expiry,
    ledger::{Ledger, Parking},
    map,
    s3::{MAX_ANSWER_BYTES, S3},
};

/// Retries of calls to Salesforce within an invocation.
const CALLS: RetryPolicy = RetryPolicy {
    max_attempts: Some(5),
    backoff: Backoff::new(Duration::from_millis(200), Duration::from_secs(5)),
};
/// Retries of writes to the bucket.
const WRITES: RetryPolicy = RetryPolicy {
    max_attempts: Some(3),
    backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(2)),
};
const LONGEST_CALL: Duration = Duration::from_secs(30);
/// A chunk is not started with less time than this.
const SHORTEST_CHUNK: Duration = Duration::from_millis(500);
/// Time for the answer itself.
const ANSWER: Margin = Margin::fixed(Duration::from_millis(100));
/// Time for parking and for the answer, which is not used for calls to Salesforce.
const PARKING: Margin = Margin {
    divisor: 5,
    min: Duration::from_millis(350),
    max: Duration::from_secs(5),
};

/// The function: created once at cold start, used by every invocation.
#[derive(Debug)]
pub struct CaseCreation {
    mapping: Mapping,
    codes: ErrorCodes,
    salesforce: Salesforce,
    breaker: Breaker,
    tokens: Tokens,
    s3: S3,
    memory: Memory,
    expiry: Expiry,
    adapters: Adapters,
}

/// What a test replaces: the connector to Salesforce, the clock, and the patience of its calls.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Adapters {
    pub salesforce: Option<SharedHttpConnector>,
    pub clock: Clock,
    pub retry: RetryPolicy,
    pub longest_call: Duration,
}

impl Default for Adapters {
    fn default() -> Self {
        Self {
            salesforce: None,
            clock: Clock::system(),
            retry: CALLS,
            longest_call: LONGEST_CALL,
        }
    }
}

impl CaseCreation {
    /// Creates the clients.
    ///
    /// # Errors
    ///
    /// When the table of error codes is invalid; a test prevents that.
    pub fn new(config: Config, aws: &SdkConfig) -> Result<Self, Error> {
        Self::with_adapters(config, aws, Adapters::default())
    }

    #[doc(hidden)]
    pub fn with_adapters(
        config: Config,
        aws: &SdkConfig,
        adapters: Adapters,
    ) -> Result<Self, Error> {
        let clock = adapters.clock;
        let connector = adapters.salesforce.clone();
        Ok(Self {
            codes: ErrorCodes::shipped()?,
            salesforce: Salesforce::new(connector, config.api_version, clock),
            breaker: Breaker::new(clock),
            tokens: Tokens::new(
                aws_sdk_secretsmanager::Client::from_conf(
                    aws_sdk_secretsmanager::config::Builder::from(aws)
                        .interceptor(ResponseLimit::bytes(MAX_ANSWER_BYTES))
                        .build(),
                ),
                aws_sdk_lambda::Client::from_conf(
                    aws_sdk_lambda::config::Builder::from(aws)
                        .interceptor(ResponseLimit::bytes(MAX_ANSWER_BYTES))
                        .build(),
                ),
                config.token_secret_id,
                config.token_manager_function,
                config.allowed_hosts,
                clock,
            ),
            s3: S3::new(aws, config.parking_bucket, config.path_style),
            mapping: config.mapping,
            memory: Memory::default(),
            expiry: Expiry::of(config.max_record_age),
            adapters,
        })
    }

    /// Processes the payload of an invocation.
    ///
    /// # Errors
    ///
    /// For a batch, only when nothing was done. For notifications of discarded batches, when one of the batches cannot be
    /// read or has records that could not be decided. The other batches are done, and the next invocation finds them
    /// done. A failed message of a queue is no error: the response names it.
    pub async fn handle(&self, event: Event, deadline: Deadline) -> Result<Summary, Error> {
        match event {
            Event::Batch(batch) => Ok(self.process(&batch, Intake::Live, deadline).await),
            Event::Notifications(messages) => self.process_messages(messages, deadline).await,
            Event::Unknown => Err(Error::UnknownEvent),
        }
    }

    /// Takes the records of a batch through all stages, in chunks of one call to Salesforce.
    async fn process(
        &self,
        batch: &KinesisBatch,
        intake: Intake<'_>,
        deadline: Deadline,
    ) -> Summary {
        let clock = self.adapters.clock;
        let (calls, writes) = (deadline.minus(PARKING), deadline.minus(ANSWER));
        let records = batch.records();
        let token_failure = TokenFailure::default();
        let mut deduplicator = Deduplicator {
            memory: &self.memory,
            s3: &self.s3,
            intake,
            expiry: self.expiry,
            deadline: calls,
            seen: HashSet::with_capacity(records.len()),
        };
        let delivery = self.delivery(intake, &token_failure, calls);
        let mut ledger = Ledger {
            memory: &self.memory,
            parking: Parking {
                s3: &self.s3,
                memory: &self.memory,
                retry: WRITES,
                clock,
                deadline: writes,
            },
            parked: BTreeMap::new(),
        };
        let mut acknowledgement = Acknowledgement::new(&records);
        for chunk in records.chunks(MAX_RECORDS_PER_CALL) {
            if calls.remaining().is_some_and(|left| left < SHORTEST_CHUNK) {
                let first = chunk.first().map_or(0, |record| record.position.index);
                acknowledgement.retry_from(first, "out of time");
                break;
            }
            let decoded = decode::events(chunk);
            let endings = deduplicator.endings(&decoded, clock.now()).await;
            let mut items = map::map(decoded, endings, &self.mapping);
            // Boxed, because the compiler cannot compute the layout of futures nested this deep.
            Box::pin(delivery.deliver(&mut items)).await;
            acknowledgement.add(ledger.settle(&items).await);
            // What follows would be delivered again in any case.
            if acknowledgement.is_partial() {
                break;
            }
        }
        ledger.log_sums();
        acknowledgement.finish()
    }

    fn delivery<'a>(
        &'a self,
        intake: Intake<'a>,
        token_failure: &'a TokenFailure,
        deadline: Deadline,
    ) -> Delivery<'a> {
        let session = Session {
            salesforce: &self.salesforce,
            breaker: &self.breaker,
            tokens: &self.tokens,
            codes: &self.codes,
            longest_call: self.adapters.longest_call,
            token_failure,
            deadline,
            clock: self.adapters.clock,
        };
        Delivery {
            creation: Creation {
                lookup: Lookup {
                    session,
                    external_id: self.mapping.external_id(),
                    memory: &self.memory,
                },
                retry: self.adapters.retry,
                expiry: self.expiry,
            },
            intake,
            cannot_look_up: AtomicBool::new(false),
        }
    }

    /// Processes the discarded batches that some messages name. A failure affects its message only.
    async fn process_messages(
        &self,
        messages: Vec<Message>,
        deadline: Deadline,
    ) -> Result<Summary, Error> {
        let mut total = Summary::default();
        let mut failed_ids = Vec::new();
        let mut failure = None;
        for Message { id, notices } in messages {
            let Some(error) = self.process_notices(notices, &mut total, deadline).await else {
                continue;
            };
            match id {
                Some(id) => {
                    tracing::error!(message = id, %error, "message has to be delivered again");
                    failed_ids.push(id);
                }
                None => failure = Some(error),
            }
        }
        total.response = BatchResponse::retry(failed_ids);
        failure.map_or(Ok(total), Err)
    }

    /// Returns the last failure; the other ones are logged.
    async fn process_notices(
        &self,
        notices: Vec<Result<Notice, lambda_events::Error>>,
        total: &mut Summary,
        deadline: Deadline,
    ) -> Option<Error> {
        let mut failed = None;
        for notice in notices {
            match self.process_notice(notice, deadline).await {
                Ok(summary) => total.add(&summary),
                Err(error) => {
                    if let Some(error) = failed.replace(error) {
                        tracing::error!(%error, "discarded batch not processed");
                    }
                }
            }
        }
        failed
    }

    async fn process_notice(
        &self,
        notice: Result<Notice, lambda_events::Error>,
        deadline: Deadline,
    ) -> Result<Summary, Error> {
        match DiscardedBatch::of(notice?)? {
            None => Ok(Summary::default()),
            Some(DiscardedBatch::Record(record)) => {
                self.process_discarded(&record, "the event", deadline).await
            }
            Some(DiscardedBatch::Object(object)) => {
                let content = self.s3.read(&object, deadline.minus(PARKING)).await?;
                let record = InvocationRecord::read_object(&content, &object)?;
                let place = crate::s3::object_name(&object);
                self.process_discarded(&record, &place, deadline).await
            }
        }
    }

    /// Counts and parks the records of a discarded batch that are no Case. Repeating it changes nothing.
    async fn process_discarded(
        &self,
        record: &InvocationRecord,
        place: &str,
        deadline: Deadline,
    ) -> Result<Summary, Error> {
        let batch = record.batch(place)?;
        let intake = Intake::Discarded {
            condition: record.condition(),
        };
        let summary = self.process(&batch, intake, deadline).await;
        if summary.response == BatchResponse::default() {
            Ok(summary)
        } else {
            Err(Error::Undecided {
                place: place.to_owned(),
            })
        }
    }
}
