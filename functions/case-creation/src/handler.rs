//! One invocation: a batch of Kinesis records, or some that the mapping discarded.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use kinesis_consumer::{BatchResponse, Clock, Deadline, Driver, KinesisBatch, Summary};

use crate::{
    Config, Error, ErrorCodes, Event, Mapping,
    backoff::Backoff,
    breaker::Breaker,
    deliver::Patience,
    discarded::{Discarded, InvocationRecord},
    invocation::Invocation,
    memory::Memory,
    notice::{Message, Told},
    park::Parking,
    salesforce::Salesforce,
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

/// The function: made once at cold start, used by every invocation.
#[derive(Debug)]
pub struct CaseCreation {
    pub(crate) clock: Clock,
    pub(crate) mapping: Mapping,
    pub(crate) codes: ErrorCodes,
    pub(crate) salesforce: Salesforce,
    pub(crate) breaker: Breaker,
    pub(crate) tokens: Tokens,
    pub(crate) parking: Parking,
    pub(crate) memory: Memory,
    pub(crate) patience: Patience,
    pub(crate) longest_call: Duration,
    driver: Driver,
}

impl CaseCreation {
    /// Makes the clients.
    ///
    /// # Errors
    ///
    /// When the table of error codes is not one; a test keeps that from happening.
    pub fn new(config: Config, aws: &SdkConfig) -> Result<Self, Error> {
        Self::with(config, aws, None, Clock::system())
    }

    /// Makes the clients on this way to Salesforce, or on the real one, and this clock.
    pub(crate) fn with(
        config: Config,
        aws: &SdkConfig,
        http: Option<SharedHttpConnector>,
        clock: Clock,
    ) -> Result<Self, Error> {
        let driver = Driver::new(clock);
        Ok(Self {
            clock,
            codes: ErrorCodes::shipped()?,
            salesforce: Salesforce::new(http, config.api_version, clock),
            breaker: Breaker::new(clock),
            tokens: Tokens::new(
                aws_sdk_secretsmanager::Client::new(aws),
                aws_sdk_lambda::Client::new(aws),
                config.token_secret_id,
                config.token_manager_function,
                clock,
            ),
            parking: Parking::new(aws, config.parking_bucket, config.path_style, clock),
            mapping: config.mapping,
            memory: Memory::default(),
            patience: PATIENCE,
            longest_call: LONGEST_CALL,
            driver: match config.max_record_age {
                Some(age) => driver.parking_before(age),
                None => driver,
            },
        })
    }

    /// Brings each record to its final outcome, or reports the first one that has none yet.
    ///
    /// # Errors
    ///
    /// For a batch only when nothing was done. For those that the mapping discarded when one of them cannot
    /// be read, or some of its records could not be decided: the others are done, and are found done by the
    /// next invocation. Messages of a queue are no error: those that failed are named in the response.
    pub async fn handle(&self, event: Event, deadline: Deadline) -> Result<Summary, Error> {
        match event {
            Event::Batch(batch) => self.create(&batch, deadline).await,
            Event::Discarded(told) => {
                let mut total = Summary::default();
                let failed = self.count_told(told, &mut total, deadline).await;
                failed.map_or(Ok(total), Err)
            }
            Event::Queue(messages) => {
                let mut total = Summary::default();
                let mut again = Vec::new();
                for Message { id, told } in messages {
                    if let Some(error) = self.count_told(told, &mut total, deadline).await {
                        tracing::error!(message = id, %error, "message has to be delivered again");
                        again.push(id);
                    }
                }
                total.response = BatchResponse::again(again);
                Ok(total)
            }
            Event::Unknown => Err(Error::UnknownEvent),
        }
    }

    async fn create(&self, batch: &KinesisBatch, deadline: Deadline) -> Result<Summary, Error> {
        let invocation = Invocation::new(self, deadline);
        // Boxed, since the compiler gives up on the layout of futures nested this deep.
        let summary = Box::pin(self.driver.run(&invocation, batch, deadline)).await;
        summary.map_err(|_| Error::UnknownEvent)
    }

    /// Counts what is told of, whatever happens to one of it, and returns the last of what went wrong.
    /// What is done is found done by the next invocation.
    async fn count_told(
        &self,
        told: Vec<Told>,
        total: &mut Summary,
        deadline: Deadline,
    ) -> Option<Error> {
        let mut failed = None;
        for told in told {
            match self.count_one(told, deadline).await {
                Ok(summary) => {
                    total.succeeded += summary.succeeded;
                    total.neutral += summary.neutral;
                    total.failed += summary.failed;
                }
                Err(error) => {
                    if let Some(error) = failed.replace(error) {
                        tracing::error!(%error, "discarded batch not counted");
                    }
                }
            }
        }
        failed
    }

    async fn count_one(&self, told: Told, deadline: Deadline) -> Result<Summary, Error> {
        match told? {
            Discarded::Record(record) => self.count_discarded(&record, "the event", deadline).await,
            Discarded::Object(object) => {
                let place = object.place();
                let content = self.parking.read(&object, deadline).await?;
                let record = InvocationRecord::read(&content, &place)?;
                self.count_discarded(&record, &place, deadline).await
            }
        }
    }

    /// Counts the records of a discarded batch that are no Case, and keeps them; one that is counted
    /// and kept already is left alone, however often it is told of.
    async fn count_discarded(
        &self,
        record: &InvocationRecord,
        place: &str,
        deadline: Deadline,
    ) -> Result<Summary, Error> {
        let batch = record.batch(place)?;
        let invocation = Invocation::of_discarded(self, deadline, record.condition());
        let summary = Box::pin(self.driver.run(&invocation, &batch, deadline)).await;
        let summary = summary.map_err(|_| Error::UnknownEvent)?;
        if summary.response == BatchResponse::default() {
            Ok(summary)
        } else {
            Err(Error::Undecided {
                place: place.to_owned(),
            })
        }
    }
}
