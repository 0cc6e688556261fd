//! The records of one shard, and the events that contain them.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

/// One shard: its records in order.
#[derive(Debug, Clone)]
pub struct Shard {
    number: u32,
    records: Vec<Record>,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) sequence_number: u128,
    pub(crate) arrived_at: Timestamp,
    pub(crate) partition_key: String,
    data: Vec<u8>,
}

impl Shard {
    /// An empty shard.
    pub fn new(number: u32) -> Self {
        Self {
            number,
            records: Vec::new(),
        }
    }

    /// Adds a record and returns its sequence number. The first numbers end in 9, 10 and so on after the same digits, so
    /// their order as text is not their order as numbers.
    pub fn put(&mut self, arrived_at: Timestamp, partition_key: &str, data: &[u8]) -> String {
        let first =
            49_590_000_000_000_000_000_000_000_000_000_000_009 + u128::from(self.number) * 1000;
        let sequence_number = first + self.records.len() as u128;
        self.records.push(Record {
            sequence_number,
            arrived_at,
            partition_key: partition_key.to_owned(),
            data: data.to_vec(),
        });
        sequence_number.to_string()
    }

    /// Returns the shard with these records only, as a mapping reads it whose checkpoint is after all others.
    #[must_use]
    pub fn with_only(&self, sequence_numbers: &[String]) -> Self {
        let is_left = |record: &&Record| {
            let number = record.sequence_number.to_string();
            sequence_numbers.contains(&number)
        };
        Self {
            number: self.number,
            records: self.records.iter().filter(is_left).cloned().collect(),
        }
    }

    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Returns the event of a batch.
    pub(crate) fn event(&self, batch: &[Record]) -> Value {
        let record = |record: &Record| {
            let number = record.sequence_number.to_string();
            let arrived: jiff::SignedDuration =
                record.arrived_at.duration_since(Timestamp::UNIX_EPOCH);
            json!({
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record.partition_key,
                    "sequenceNumber": number,
                    "data": STANDARD.encode(&record.data),
                    "approximateArrivalTimestamp": arrived.as_secs_f64(),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": format!("{}:{number}", self.id()),
                "eventName": "aws:kinesis:record",
                "awsRegion": "us-east-1",
            })
        };
        json!({ "Records": batch.iter().map(record).collect::<Vec<_>>() })
    }

    /// Returns the report to the destination in S3 about a discarded batch
    /// ([form](https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html)).
    pub(crate) fn discarded(&self, batch: &[Record], condition: &str, invocations: u32) -> Value {
        let number = |record: Option<&Record>| record.map(|r| r.sequence_number.to_string());
        let time = |record: Option<&Record>| record.map(|r| r.arrived_at.to_string());
        json!({
            "requestContext": {
                "requestId": "c9b8fa9f-5a7f-4f1c-af9c-0c604cde93a5",
                "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:simulated",
                "condition": condition,
                "approximateInvokeCount": invocations,
            },
            "version": "1.0",
            "KinesisBatchInfo": {
                "shardId": self.id(),
                "startSequenceNumber": number(batch.first()),
                "endSequenceNumber": number(batch.last()),
                "approximateArrivalOfFirstRecord": time(batch.first()),
                "approximateArrivalOfLastRecord": time(batch.last()),
                "batchSize": batch.len(),
                "streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/simulated",
            },
            "payload": self.event(batch).to_string(),
        })
    }

    fn id(&self) -> String {
        format!("shardId-{:012}", self.number)
    }
}
