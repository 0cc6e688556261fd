//! The function with stand-ins for its services, and the metrics that it counts.

use std::time::{Duration, SystemTime};

use kinesis_batch::{Backoff, Limits, RetryPolicy};
use serde_json::{Value, json};
use tt_event::TtEvent;
use tt_producer::{Config, Error, Producer, Summary};

use super::{
    kinesis::{Answer, Kinesis},
    s3::S3,
    sqs::Sqs,
};

/// One function with its services.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) s3: S3,
    pub(crate) kinesis: Kinesis,
    pub(crate) sqs: Sqs,
    pub(crate) metrics: tt_metrics::Capture,
    producer: Producer,
}

impl Bench {
    pub(crate) async fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(answers, |_| ()).await
    }

    pub(crate) async fn with(
        answers: impl IntoIterator<Item = Answer>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let metrics = tt_metrics::capture();
        let (kinesis, kinesis_client) = Kinesis::start(answers).await;
        let (s3, s3_client) = S3::start().await;
        let (sqs, sqs_client) = Sqs::start().await;
        let mut config = Config::new("tt-events");
        config.limits = Limits {
            retry: RetryPolicy {
                max_attempts: Some(3),
                backoff: Backoff::new(Duration::ZERO, Duration::ZERO),
            },
            ..Limits::default()
        };
        change(&mut config);
        let producer = Producer::new(s3_client, &kinesis_client, sqs_client, config);
        Self {
            s3,
            kinesis,
            sqs,
            metrics,
            producer,
        }
    }

    /// Uploads a file and handles its notification.
    pub(crate) async fn upload(&self, key: &str, content: impl Into<Vec<u8>>) -> Summary {
        let content = content.into();
        let notification = notification(&[(key, content.len())]);
        self.s3.hold(&format!("bucket/{key}"), content);
        self.handle(&notification).await.unwrap()
    }

    pub(crate) async fn handle(&self, payload: &Value) -> Result<Summary, Error> {
        let result = self.producer.handle(payload, None).await;
        self.check_accounts(result.as_ref().copied().unwrap_or_default());
        result
    }

    pub(crate) async fn handle_within(&self, payload: &Value, left: Duration) -> Summary {
        let deadline = SystemTime::now() + left;
        self.producer.handle(payload, Some(deadline)).await.unwrap()
    }

    /// The summary of one invocation on a new bench must equal the metrics.
    fn check_accounts(&self, last: Summary) {
        let [received, published, failed] = self.counts();
        assert_eq!(received, published + failed);
        assert!(received >= last.received && last.received == last.published + last.failed);
    }

    /// `S3RecordsReceived`, `TTEventPublished` and `TTEventFailed`.
    pub(crate) fn counts(&self) -> [u64; 3] {
        ["S3RecordsReceived", "TTEventPublished", "TTEventFailed"]
            .map(|metric| self.metrics.count(metric))
    }

    /// The events on the stream, in order.
    pub(crate) fn events(&self) -> Vec<TtEvent> {
        let accepted = self.kinesis.accepted();
        let events = accepted.iter().map(|(key, data)| {
            let event = TtEvent::decode(data).unwrap();
            assert_eq!(*key, event.customer_id);
            event
        });
        events.collect()
    }

    /// The record ids on the stream, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.events()
            .into_iter()
            .map(|event| event.record_id)
            .collect()
    }

    /// Every parked line, in the order of keys.
    pub(crate) fn parked(&self) -> Vec<Value> {
        let objects = self.s3.under("bucket/parked/");
        let lines = objects
            .iter()
            .flat_map(|(_, content)| content.split(|byte| *byte == b'\n'));
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }
}

/// The notification of uploads: key and size of each.
pub(crate) fn notification(objects: &[(&str, usize)]) -> Value {
    let record = |(key, size): &(&str, usize)| {
        json!({
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": "bucket"},
                "object": {"key": key, "size": size, "eTag": super::s3::E_TAG, "versionId": "v1"},
            },
        })
    };
    json!({"Records": objects.iter().map(record).collect::<Vec<_>>()})
}

/// A good record as JSON.
pub(crate) fn record(id: usize) -> String {
    format!(r#"{{"record_id":"r-{id}","customer_id":"c-{id}","event_type":"review"}}"#)
}

/// JSON Lines of this many good records.
pub(crate) fn lines(number: usize) -> String {
    (0..number).map(|id| record(id) + "\n").collect()
}

/// The ids of the first good records.
pub(crate) fn ids(number: usize) -> Vec<String> {
    (0..number).map(|id| format!("r-{id}")).collect()
}
