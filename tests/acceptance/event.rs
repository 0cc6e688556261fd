//! Events in the format of AWS: the notification of an upload, and a batch of stream records.

use aws_sdk_kinesis::{primitives::DateTime, types::Record};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tt_cli::stack::Uploaded;

/// The notification of an upload.
pub(crate) fn of_upload(uploaded: &Uploaded) -> Value {
    json!({"Records": [{
        "eventVersion": "2.6",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "EXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "replay",
            "bucket": {
                "name": uploaded.bucket,
                "ownerIdentity": {"principalId": "EXAMPLE"},
                "arn": format!("arn:aws:s3:::{}", uploaded.bucket),
            },
            "object": {
                "key": uploaded.key,
                "size": 1,
                "eTag": "replay",
                "versionId": uploaded.version_id,
                "sequencer": "0",
            },
        },
    }]})
}

/// The event of an event source mapping with these records.
pub(crate) fn of_records(records: &[Record]) -> Value {
    let records = records.iter().map(|record| {
        let arrived = record.approximate_arrival_timestamp();
        json!({
            "eventID": format!("shardId-000000000000:{}", record.sequence_number()),
            "eventName": "aws:kinesis:record",
            "eventSource": "aws:kinesis",
            "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/tt-events",
            "eventVersion": "1.0",
            "awsRegion": "us-east-1",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/replay",
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record.partition_key(),
                "sequenceNumber": record.sequence_number(),
                "data": STANDARD.encode(record.data()),
                "approximateArrivalTimestamp": arrived.map_or(0.0, DateTime::as_secs_f64),
            },
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}
