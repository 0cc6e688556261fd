//! The kinds of payload, distinguished by their shape.

use std::fmt;

use lambda_events::{Message, Notice};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{InvocationRecord, KinesisBatch};

/// The payload of an invocation.
///
/// It can be deserialized from JSON in memory only, because nothing is copied that is not needed.
pub enum Event {
    /// A batch of the event source mapping.
    Batch(KinesisBatch),
    /// Notifications of batches that the event source mapping discarded. The event source mapping of an SQS queue must
    /// have `ReportBatchItemFailures`; otherwise the failed messages are deleted.
    Notifications(Vec<Message>),
    /// Anything else.
    Unknown,
}

/// Omits the content, which is content of records.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(batch) => f.debug_tuple("Batch").field(batch).finish(),
            Self::Notifications(messages) => {
                write!(f, "Notifications({} messages)", messages.len())
            }
            Self::Unknown => f.write_str("Unknown"),
        }
    }
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
        let messages = lambda_events::decode(raw.get());
        let [message] = &messages[..] else {
            return Self::Notifications(messages);
        };
        // A payload in none of the forms of S3, SQS, SNS and Lambda is one document.
        let ([Ok(Notice::Document(_))], None) = (&message.notices[..], &message.id) else {
            return Self::Notifications(messages);
        };
        if InvocationRecord::is_likely(raw) {
            return Self::Notifications(messages);
        }
        KinesisBatch::read(raw).map_or(Self::Unknown, Self::Batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    fn notices(text: &str) -> usize {
        let Event::Notifications(messages) = read(text) else {
            panic!("{text} is no notification");
        };
        messages.iter().map(|message| message.notices.len()).sum()
    }

    #[test]
    fn payloads_are_distinguished_by_their_shape() {
        let kinesis = r#"{"Records": [{"kinesis": {"data": ""}}]}"#;
        assert!(matches!(read(kinesis), Event::Batch(_)));
        assert!(matches!(read(r#"{"Records": []}"#), Event::Batch(_)));
        assert!(matches!(read(r#"{"Records": [7]}"#), Event::Batch(_)));
        let s3 = r#"{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}]}"#;
        assert_eq!(notices(s3), 1);
        let record = r#"{"KinesisBatchInfo": {"batchSize": 1}, "payload": "{}"}"#;
        assert_eq!(notices(record), 1);
        let queue = r#"{"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "?"}]}"#;
        assert_eq!(notices(queue), 1);
        let test = r#"{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}"#;
        assert_eq!(notices(test), 1);
        for text in ["{}", "5", r#"{"action": "refresh"}"#] {
            assert!(matches!(read(text), Event::Unknown), "{text}");
        }
    }
}
