//! The producers of a script: the real TT Producer, which reads a bucket, and others that write to the stream.

use std::time::Duration;

use aws_sdk_s3::config::{
    Credentials, RequestChecksumCalculation, SharedCredentialsProvider,
    StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use jiff::{SignedDuration, Timestamp};
use kinesis_batch::{Aggregate, Backoff, Entry, Limits, RetryPolicy};
use kinesis_mapping::Shard;
use serde_json::{Value, json};
use tt_event::{Json, Source, TtEvent};
use tt_metrics::Capture;
use tt_producer::{Config, Producer};

use crate::{
    script::{Script, Sent, What},
    stream::{InProcess, Landed},
};

/// The counts of the producer, and the records in the stream.
#[derive(Debug, Default)]
pub(crate) struct Produced {
    pub(crate) shards: Vec<Shard>,
    /// The records in the stream.
    pub(crate) records: Vec<Landed>,
    /// `S3RecordsReceived`, `TTEventPublished` and `TTEventFailed`.
    pub(crate) received: u64,
    pub(crate) published: u64,
    pub(crate) failed: u64,
    /// Records of the uploaded files.
    pub(crate) uploaded: u64,
    /// Events of these that Kinesis acknowledged.
    pub(crate) acknowledged: u64,
    /// Records of these that the producer parked.
    pub(crate) parked: u64,
}

/// Records that share a Kinesis record.
struct Group {
    at: Timestamp,
    members: Vec<(usize, Sent)>,
}

/// Publishes the records of a script; what the producer counts goes to `metrics`.
pub(crate) fn produce(script: &Script, start: Timestamp, metrics: &Capture) -> Produced {
    let outside = InProcess::default();
    outside.world().shards = (0..2).map(Shard::new).collect();
    outside.world().faults = script.stream.iter().copied().collect();
    let producer = producer(&outside, script.aggregate);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut uploaded = 0;
    let groups = groups(script, start);
    // Records of one moment are in one file.
    for (number, together) in groups.chunk_by(|a, b| a.at == b.at).enumerate() {
        let (of_file, of_others): (Vec<_>, Vec<_>) = together.iter().partition(|g| g.is_of_file());
        let lines = of_file.iter().map(|group| group.line(script.aggregate));
        let file: String = lines.collect();
        outside.world().now = together[0].at;
        if !file.is_empty() {
            uploaded += of_file.len() as u64;
            let notification = notification(number, file.len());
            outside.world().file = file;
            let summary = runtime.block_on(producer.handle(&notification, None));
            assert_eq!(summary.unwrap().received, of_file.len() as u64);
        }
        for group in of_others {
            let (key, data) = group.content();
            outside.world().put(&key, &data);
        }
    }
    let world = outside.world();
    Produced {
        shards: world.shards.clone(),
        records: world.records(),
        received: metrics.count("S3RecordsReceived"),
        published: metrics.count("TTEventPublished"),
        failed: metrics.count("TTEventFailed"),
        uploaded,
        acknowledged: world.acknowledged.len() as u64,
        parked: world.parked,
    }
}

fn producer(outside: &InProcess, aggregate: bool) -> Producer {
    let connector = SharedHttpConnector::new(outside.clone());
    let credentials = Credentials::new("test", "test", None, None, "test");
    let aws = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url("http://aws.invalid")
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build();
    let s3 = aws_sdk_s3::config::Builder::from(&aws)
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
    let mut config = Config::new("tt-events");
    config.limits = Limits {
        aggregate,
        retry: RetryPolicy {
            max_attempts: Some(3),
            backoff: Backoff::new(Duration::ZERO, Duration::ZERO),
        },
        ..Limits::default()
    };
    Producer::new(
        aws_sdk_s3::Client::from_conf(s3.build()),
        &aws_sdk_kinesis::Client::new(&aws),
        aws_sdk_sqs::Client::new(&aws),
        config,
    )
}

fn notification(number: usize, size: usize) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": "bucket"},
            "object": {"key": format!("incoming/{number}.jsonl"), "size": size, "versionId": "v1"},
        },
    }]})
}

impl Group {
    /// Whether TT Producer publishes it; the rest is written by others.
    fn is_of_file(&self) -> bool {
        let of_file = |what| matches!(what, What::Event | What::TooLong | What::Malformed);
        matches!(&self.members[..], [(_, sent)] if of_file(sent.what))
    }

    /// Its line of the file.
    fn line(&self, aggregate: bool) -> String {
        let (index, sent) = &self.members[0];
        let mut line = json!({
            "record_id": "r",
            "customer_id": key(*index, sent, aggregate),
            "event_type": "kyc_review",
            "details": about(*index),
        });
        match sent.what {
            What::TooLong => line["subject"] = "x".repeat(300).into(),
            What::Malformed => line["record_id"] = "".into(),
            _ => {}
        }
        format!("{line}\n")
    }

    /// The partition key and the data of its Kinesis record.
    fn content(&self) -> (String, Vec<u8>) {
        let (index, sent) = &self.members[0];
        let key = key(*index, sent, false);
        if let [(index, sent)] = &self.members[..] {
            return (key, data(*index, sent));
        }
        let mut aggregate = Aggregate::new(1 << 20);
        for (index, sent) in &self.members {
            assert!(aggregate.push(&Entry::new("customer", data(*index, sent))));
        }
        (key, aggregate.into_entry().data)
    }
}

/// Begins with the shard, and names one of a few customers. Those of an aggregate are one.
fn key(index: usize, sent: &Sent, aggregate: bool) -> String {
    let customer = if aggregate { 0 } else { index % 3 };
    format!("{}-{customer}", sent.shard)
}

fn about(index: usize) -> String {
    format!("event {index}")
}

fn data(index: usize, sent: &Sent) -> Vec<u8> {
    if sent.what == What::Rubbish {
        return format!("{{no event {index}").into_bytes();
    }
    let source = Source::new("bucket", "elsewhere.csv", "v1", index as u64);
    let mut event = TtEvent::new(source, "2026-01-01T00:00:00Z", "r", "c", "kyc_review");
    event.details = Some(Json::from_text(&about(index)));
    if sent.what == What::TooLong {
        event.subject = Some(Json::from_text(&"x".repeat(300)));
    }
    event.encode()
}

fn groups(script: &Script, start: Timestamp) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut now = start;
    for (index, sent) in script.records.iter().enumerate() {
        let last = groups.last().and_then(|group| group.members.last());
        let joined = sent.joined
            && !script.aggregate
            && sent.what != What::Malformed
            && last
                .is_some_and(|(_, last)| last.shard == sent.shard && last.what != What::Malformed);
        // A copy is one of the event before it.
        let of = match (sent.what, last) {
            (What::Copy, Some((of, _))) if joined => *of,
            _ => index,
        };
        let member = (of, sent.clone());
        if let (true, Some(group)) = (joined, groups.last_mut()) {
            group.members.push(member);
            continue;
        }
        now += SignedDuration::from_secs(sent.gap);
        let times = if sent.what == What::Copy { 2 } else { 1 };
        groups.extend((0..times).map(|_| Group {
            at: now,
            members: vec![member.clone()],
        }));
    }
    groups
}
