//! The events that start an invocation: a notification of S3, a batch of Kinesis.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tt_event::{Source, TtEvent};

use crate::content::Content;

/// The bucket of all files.
pub(crate) const BUCKET: &str = "bench";

/// Returns the S3 notification of a file.
pub(crate) fn notification(content: Content) -> String {
    let object = json!({
        "key": content.key(), "size": content.length(), "eTag": "0123456789abcdef", "versionId": "v1", "sequencer": "0A",
    });
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-1", "eventTime": "2026-05-04T10:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": BUCKET, "arn": "arn:aws:s3:::bench"}, "object": object},
    }]})
    .to_string()
}

/// Returns a Kinesis batch with the events of `size` records, beginning with `first`.
pub(crate) fn batch(first: u64, size: u64) -> String {
    let records: Vec<Value> = (first..first + size).map(record).collect();
    json!({ "Records": records }).to_string()
}

fn record(index: u64) -> Value {
    let source = Source::new(BUCKET, "incoming/100000.csv", "v1", index);
    let event = TtEvent::new(
        source,
        "2026-05-04T10:00:00.123456789Z",
        format!("R-{index:010}"),
        format!("C-{:06}", index % 50_000),
        "ADDRESS_CHANGE",
    );
    let sequence = format!("4954{index:052}");
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": event.customer_id, "sequenceNumber": sequence,
            "data": STANDARD.encode(event.encode()), "approximateArrivalTimestamp": 4_102_444_800.0,
        },
        "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-000000000000:{sequence}"),
        "eventName": "aws:kinesis:record", "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:000000000000:stream/tt-events",
    })
}
