//! The pipeline on the local stack: uploads, replays, and the sums of the metrics.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant, SystemTime},
};

use aws_sdk_kinesis::types::ShardIteratorType;
use salesforce_stand_in::{Api, Fault};
use serde_json::Value;
use tt_cli::{
    report::{
        balance::{self, CREATED, PUBLISHED, RECEIVED, UNCREATED, UNPUBLISHED},
        metrics::{self, Query},
    },
    stack::{LocalStack, Options, Uploaded},
    terminal::progress::Silent,
};

use crate::event;

/// Long enough for a cold start of every function on a busy two-core machine.
const TIMEOUT: Duration = Duration::from_secs(90);

/// How long the sums must stay the same. A whole run of the pipeline takes less.
const QUIET: Duration = Duration::from_secs(2);

/// How often the state is read.
const POLL: Duration = Duration::from_millis(200);

/// The metrics of the accounting rules.
const NAMES: [&str; 5] = [RECEIVED, PUBLISHED, UNPUBLISHED, CREATED, UNCREATED];

/// The sums of [`NAMES`] since the start of the stack.
pub(crate) type Sums = [u64; 5];

pub(crate) struct Pipeline {
    stack: LocalStack,
    cloudwatch: aws_sdk_cloudwatch::Client,
    query: Query,
}

impl Pipeline {
    /// Starts a stack with these values of template parameters, and the defaults of all others.
    pub(crate) async fn start(parameters: &[(&str, &str)]) -> Self {
        let mut options = Options::default();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        options.parameters = parameters.iter().map(owned).collect();
        let stack = LocalStack::start(options, &Silent)
            .await
            .unwrap_or_else(|error| panic!("the local stack did not start: {error}"));
        let cloudwatch = aws_sdk_cloudwatch::Client::new(stack.sdk_config());
        Self {
            stack,
            cloudwatch,
            query: Query::since(SystemTime::now() - Duration::from_secs(1)),
        }
    }

    pub(crate) async fn stop(self) {
        if let Err(error) = self.stack.stop().await {
            panic!("the stack did not stop: {error}");
        }
    }

    pub(crate) async fn upload(&self, name: &str, body: String) -> Uploaded {
        self.stack
            .upload(name, body.into_bytes())
            .await
            .unwrap_or_else(|error| panic!("failed to upload {name}: {error}"))
    }

    /// Waits until the sums are `expected`, and then asserts that they do not change.
    pub(crate) async fn settles_at(&self, expected: Sums, claim: &str) {
        let deadline = Instant::now() + TIMEOUT;
        let mut sums = self.sums().await;
        while sums != expected && Instant::now() < deadline {
            tokio::time::sleep(POLL).await;
            sums = self.sums().await;
        }
        let quiet = Instant::now() + QUIET;
        while sums == expected && Instant::now() < quiet {
            tokio::time::sleep(POLL).await;
            sums = self.sums().await;
        }
        assert_eq!(sums, expected, "{claim}: {NAMES:?}");
    }

    /// The current sums, from the CloudWatch API.
    async fn sums(&self) -> Sums {
        let series = metrics::read(&self.cloudwatch, &self.query)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        NAMES.map(|name| balance::total(&series, name))
    }

    /// Delivers the notification of an upload again, as S3 may, and waits until Salesforce has received each of its
    /// `records` again.
    pub(crate) async fn replay(&self, uploaded: &Uploaded, records: u64) {
        let before = self.attempts();
        self.invoke("TTProducer", event::of_upload(uploaded)).await;
        let deadline = Instant::now() + TIMEOUT;
        while self.attempts() < before + records {
            assert!(Instant::now() < deadline, "the replay reached Salesforce");
            tokio::time::sleep(POLL).await;
        }
    }

    /// Delivers all records of the event stream again, as one batch, and returns the batch response.
    pub(crate) async fn redeliver_stream(&self) -> Value {
        let kinesis = aws_sdk_kinesis::Client::new(self.stack.sdk_config());
        let stream = self.stack.resource("EventStream").expect("a stream");
        let shards = kinesis.list_shards().stream_name(stream).send().await;
        let mut records = Vec::new();
        for shard in shards.expect("the shards can be listed").shards() {
            let iterator = kinesis
                .get_shard_iterator()
                .stream_name(stream)
                .shard_id(shard.shard_id())
                .shard_iterator_type(ShardIteratorType::TrimHorizon);
            let iterator = iterator.send().await.expect("a shard iterator");
            let read = kinesis
                .get_records()
                .set_shard_iterator(iterator.shard_iterator)
                .send();
            records.extend(read.await.expect("the shard can be read").records);
        }
        assert!(!records.is_empty(), "the events are on the stream");
        self.invoke("CaseCreation", event::of_records(&records))
            .await
    }

    /// Uploads a file of several hundred records and ends all Salesforce sessions between the first and the second
    /// create call. Returns the number of logins before that.
    pub(crate) async fn upload_while_the_token_ends(&self, name: &str, body: String) -> u64 {
        let salesforce = self.stack.salesforce();
        let delay = Fault::Delay { millis: 3000 };
        salesforce.script(Api::Create, [Fault::None, delay]);
        let (logins, before) = (self.logins(), salesforce.cases().len());
        self.upload(name, body).await;
        let deadline = Instant::now() + TIMEOUT;
        while salesforce.cases().len() == before {
            assert!(Instant::now() < deadline, "the first Cases are there");
            tokio::time::sleep(POLL).await;
        }
        salesforce.end_sessions();
        logins
    }

    /// How many tokens Salesforce has issued.
    pub(crate) fn logins(&self) -> u64 {
        self.stack.salesforce().counts().logins
    }

    async fn invoke(&self, logical_id: &str, event: Value) -> Value {
        let function = self.stack.resource(logical_id);
        let answer = aws_sdk_lambda::Client::new(self.stack.sdk_config())
            .invoke()
            .function_name(function.unwrap_or_else(|| panic!("the stack has no {logical_id}")))
            .payload(aws_sdk_lambda::primitives::Blob::new(event.to_string()))
            .send()
            .await
            .unwrap_or_else(|error| panic!("{logical_id} can't be invoked: {error}"));
        assert_eq!(answer.function_error(), None, "{logical_id} failed");
        let payload = answer.payload().map(AsRef::as_ref).unwrap_or_default();
        serde_json::from_slice(payload).expect("an answer in JSON")
    }

    /// How many records Salesforce has received in create calls.
    fn attempts(&self) -> u64 {
        self.stack.salesforce().attempts().values().sum()
    }

    /// The number of Cases; asserts that no event has two.
    pub(crate) fn distinct_cases(&self) -> usize {
        let cases = self.stack.salesforce().cases();
        let ids: BTreeSet<_> = cases.iter().map(|case| case.event_id.as_deref()).collect();
        assert!(!ids.contains(&None), "each Case has an external id");
        assert_eq!(ids.len(), cases.len(), "no event has two Cases");
        ids.len()
    }

    /// The current value of an environment variable of a function.
    pub(crate) async fn variable(&self, logical_id: &str, name: &str) -> Option<String> {
        let lambda = aws_sdk_lambda::Client::new(self.stack.sdk_config());
        let function = self.stack.resource(logical_id).expect("a function");
        let configuration = lambda
            .get_function_configuration()
            .function_name(function)
            .send()
            .await
            .expect("the configuration can be read");
        let variables = configuration.environment?.variables?;
        variables.get(name).cloned()
    }

    /// The number of records under `parked/`.
    pub(crate) async fn parked(&self) -> usize {
        let config = aws_sdk_s3::config::Builder::from(self.stack.sdk_config());
        let s3 = aws_sdk_s3::Client::from_conf(config.force_path_style(true).build());
        let bucket = self.stack.bucket();
        let listed = s3.list_objects_v2().bucket(bucket).prefix("parked/");
        let listed = listed.send().await.expect("the bucket can be listed");
        let mut records = 0;
        for object in listed.contents() {
            let get = s3
                .get_object()
                .bucket(bucket)
                .key(object.key().expect("a key"));
            let body = get.send().await.expect("a parked object can be read").body;
            let body = body.collect().await.expect("a whole body").into_bytes();
            records += body
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .count();
        }
        records
    }
}
