//! What invokes the function, told apart by its shape.

use kinesis_consumer::KinesisBatch;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

use crate::discarded::{InvocationRecord, Notification};

/// An event.
///
/// It is deserialized from JSON in memory only, of which nothing is copied that is not kept.
#[derive(Debug)]
pub enum Event {
    /// A batch of the event source mapping.
    Batch(KinesisBatch),
    /// Objects that the mapping wrote about batches it discarded.
    Notification(Notification),
    /// Such an object itself, as an operator may send it.
    Discarded(Box<InvocationRecord>),
    /// The event that S3 sends when notifications are set up.
    Test,
    /// Anything else.
    Unknown,
}

#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(rename = "Records", borrow)]
    records: Option<Vec<&'a RawValue>>,
    #[serde(rename = "KinesisBatchInfo", borrow)]
    batch_info: Option<&'a RawValue>,
    #[serde(rename = "Event", borrow)]
    event: Option<&'a RawValue>,
}

/// Kinesis writes `eventSource`; some local stacks leave it out, S3 never does.
#[derive(Deserialize)]
struct RecordShape {
    #[serde(rename = "eventSource")]
    event_source: String,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Self::read(raw).map_err(D::Error::custom)
    }
}

impl Event {
    fn read(raw: &RawValue) -> Result<Self, serde_json::Error> {
        if let Some(batch) = KinesisBatch::regular(raw) {
            return Ok(Self::Batch(batch));
        }
        let text = raw.get();
        let Ok(shape) = serde_json::from_str::<Shape<'_>>(text) else {
            return Ok(Self::Unknown);
        };
        if shape.batch_info.is_some() {
            return serde_json::from_str(text).map(Self::Discarded);
        }
        if shape
            .event
            .is_some_and(|event| event.get() == r#""s3:TestEvent""#)
        {
            return Ok(Self::Test);
        }
        let Some(records) = shape.records else {
            return Ok(Self::Unknown);
        };
        let of_s3 = records.first().is_some_and(|record| {
            serde_json::from_str::<RecordShape>(record.get())
                .is_ok_and(|record| record.event_source == "aws:s3")
        });
        if of_s3 {
            serde_json::from_str(text).map(Self::Notification)
        } else {
            KinesisBatch::read(raw).map(Self::Batch)
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
        assert!(matches!(read(s3), Event::Notification(_)));
        let record = r#"{"KinesisBatchInfo": {"batchSize": 1}, "payload": "{}"}"#;
        assert!(matches!(read(record), Event::Discarded(_)));
        let test = r#"{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}"#;
        assert!(matches!(read(test), Event::Test));
        for text in ["{}", "5", r#"{"action": "refresh"}"#] {
            assert!(matches!(read(text), Event::Unknown), "{text}");
        }
    }
}
