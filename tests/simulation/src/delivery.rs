//! The deliveries of a script: its shards to Case Creation, and the batches that the mapping discards.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use case_creation::{Adapters, BatchResponse, CLOCK_SKEW, CaseCreation, Config, Event};
use case_services::Services;
use futures_util::future::join_all;
use kinesis_mapping::{Mapping, Owed, Shard};
use retry::{Clock, Deadline};
use serde_json::{Value, json};

use crate::script::Script;

const RECORD_AGE: Duration = Duration::from_hours(1);
pub(crate) const TIMEOUT: Duration = Duration::from_mins(2);

/// The state of Lambda, Kinesis and S3; it outlives the process.
pub(crate) struct Deliveries<'a> {
    script: &'a Script,
    clock: Clock,
    services: &'a Services,
    owed: Owed,
    /// Notifications of discarded batches that are not processed, with the sequence numbers in them.
    notified: RefCell<BTreeMap<String, Vec<String>>>,
    /// The longest invocation.
    slowest: Cell<Duration>,
}

impl<'a> Deliveries<'a> {
    pub(crate) fn new(script: &'a Script, clock: Clock, services: &'a Services) -> Self {
        Self {
            script,
            clock,
            services,
            owed: Owed::default(),
            notified: RefCell::default(),
            slowest: Cell::new(Duration::ZERO),
        }
    }

    /// Sequence numbers of records that are delivered again, or are discarded and not decided yet.
    pub(crate) fn retryable(&self) -> BTreeSet<String> {
        let notified = self.notified.borrow();
        let discarded = notified.values().flatten().cloned();
        discarded.chain(self.owed.sequence_numbers()).collect()
    }

    pub(crate) fn slowest(&self) -> Duration {
        self.slowest.get()
    }

    /// Runs all shards concurrently, as Lambda does, and the batches that they discard, in a new process.
    pub(crate) async fn run(&self, shards: &[Shard]) {
        let function = self.process();
        let notified: Vec<_> = self.notified.borrow().keys().cloned().collect();
        join_all(notified.iter().map(|key| self.notify(&function, key))).await;
        let invoke = async |event| {
            let response = self.handle(&function, event).await?;
            Ok(serde_json::to_value(response).unwrap())
        };
        let discard = async |record| {
            let key = self.write(&record);
            self.notify(&function, &key).await;
        };
        let mapping = self.mapping();
        let runs = shards
            .iter()
            .map(|shard| mapping.run_watched(self.clock, shard, &invoke, &discard, &self.owed));
        join_all(runs).await;
    }

    /// Continues in another process. It starts when it cannot take a Case of the first process for its own any more.
    pub(crate) async fn go_on(&self, shards: &[Shard]) {
        let skew = Duration::try_from(CLOCK_SKEW).unwrap();
        self.clock.sleep(skew + Duration::from_secs(1)).await;
        let left = self.owed.sequence_numbers();
        let shards: Vec<_> = shards.iter().map(|shard| shard.with_only(&left)).collect();
        self.run(&shards).await;
    }

    fn mapping(&self) -> Mapping {
        let script = self.script;
        Mapping {
            batch_size: script.batch_size,
            parallelization_factor: script.parallel,
            retry_attempts: script.attempts,
            progress_renews_attempts: script.renews_attempts,
            record_age: Some(RECORD_AGE),
            bisect: script.bisect,
            report_failures: true,
            timeout: TIMEOUT,
            pause: Duration::from_secs(1),
            lost_answers: script.lost_answers.clone(),
        }
    }

    fn process(&self) -> CaseCreation {
        let config = Config::from_lookup(|name| match name {
            "PARKING_BUCKET" => Some("bucket".to_owned()),
            "MAX_RECORD_AGE_SECONDS" => Some(RECORD_AGE.as_secs().to_string()),
            "CASE_MAPPING" | "SALESFORCE_API_VERSION" | "SALESFORCE_ALLOWED_HOSTS" => None,
            other => Some(other.to_lowercase()),
        });
        let adapters = Adapters {
            salesforce: Some(self.services.connector()),
            clock: self.clock,
            ..Adapters::default()
        };
        let aws = self.services.aws_config_within();
        CaseCreation::with_adapters(config.unwrap(), &aws, adapters).unwrap()
    }

    async fn handle(&self, function: &CaseCreation, event: Value) -> Result<BatchResponse, String> {
        let event: Event = serde_json::from_str(&event.to_string()).unwrap();
        let begun = self.clock.monotonic();
        let deadline = Deadline::after(TIMEOUT, self.clock);
        let result = function.handle(event, deadline).await;
        let took = self.clock.monotonic().saturating_sub(begun);
        self.slowest.set(self.slowest.get().max(took));
        let summary = result.map_err(|error| error.to_string())?;
        Ok(summary.response)
    }

    /// Writes the report about a discarded batch, and returns the key of the object.
    fn write(&self, record: &Value) -> String {
        let mut aws = self.services.aws();
        let number = aws.objects.len();
        let key = format!("aws/lambda/mapping/shard/2026/01/01/{number}");
        let content = record.to_string().into_bytes();
        aws.objects.insert(key.clone(), content);
        let batch: Value = serde_json::from_str(record["payload"].as_str().unwrap()).unwrap();
        let numbers = batch["Records"].as_array().unwrap().iter().map(|record| {
            let number = &record["kinesis"]["sequenceNumber"];
            number.as_str().unwrap().to_owned()
        });
        let numbers = numbers.collect();
        self.notified.borrow_mut().insert(key.clone(), numbers);
        key
    }

    /// S3 notifies at least once, and Lambda repeats what fails.
    async fn notify(&self, function: &CaseCreation, key: &str) {
        let record = json!({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "bucket"}, "object": {"key": key}}});
        let event = json!({ "Records": [record] });
        for _ in 0..2 {
            while self.handle(function, event.clone()).await.is_err() {
                self.clock.sleep(Duration::from_mins(1)).await;
            }
            self.notified.borrow_mut().remove(key);
        }
    }
}
