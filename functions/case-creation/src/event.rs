//! What invokes the function, told apart by its shape.

use kinesis_consumer::KinesisBatch;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{
    Error,
    discarded::Discarded,
    notice::{self, Message},
};

/// An event.
///
/// It is deserialized from JSON in memory only, of which nothing is copied that is not kept.
#[derive(Debug)]
pub enum Event {
    /// A batch of the event source mapping.
    Batch(KinesisBatch),
    /// Batches that the mapping discarded, each for itself; none is the test event of S3.
    Discarded(Vec<Result<Discarded, Error>>),
    /// Messages of a queue about such batches. Its mapping must have `ReportBatchItemFailures`, else
    /// those that failed are lost.
    Queue(Vec<Message>),
    /// Anything else.
    Unknown,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self::read(raw))
    }
}

impl Event {
    fn read(raw: &RawValue) -> Self {
        if let Some(batch) = KinesisBatch::regular(raw) {
            return Self::Batch(batch);
        }
        if let Some(messages) = notice::messages(raw.get()) {
            return Self::Queue(messages);
        }
        if let Some(told) = notice::told(raw.get()) {
            return Self::Discarded(told);
        }
        match KinesisBatch::read(raw) {
            Ok(batch) if batch.records().is_ok() => Self::Batch(batch),
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn events_are_told_apart_by_their_shape() {
        let kinesis = r#"{"Records": [{"kinesis": {"data": ""}}]}"#;
        assert!(matches!(read(kinesis), Event::Batch(_)));
        assert!(matches!(read(r#"{"Records": []}"#), Event::Batch(_)));
        assert!(matches!(read(r#"{"Records": [7]}"#), Event::Batch(_)));
        let s3 = r#"{"Records": [{"eventSource": "aws:s3",
            "s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}]}"#;
        assert!(matches!(read(s3), Event::Discarded(told) if told.len() == 1));
        let record = r#"{"KinesisBatchInfo": {"batchSize": 1}, "payload": "{}"}"#;
        assert!(matches!(read(record), Event::Discarded(told) if told.len() == 1));
        let queue = r#"{"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "?"}]}"#;
        assert!(matches!(read(queue), Event::Queue(_)));
        let test = r#"{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}"#;
        assert!(matches!(read(test), Event::Discarded(told) if told.is_empty()));
        for text in ["{}", "5", r#"{"action": "refresh"}"#] {
            assert!(matches!(read(text), Event::Unknown), "{text}");
        }
    }
}
