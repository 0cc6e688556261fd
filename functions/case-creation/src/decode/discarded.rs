//! Batches that the event source mapping discarded, and the documents with which it reports them.
//!
//! The mapping writes [one object for each batch](https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html)
//! under `aws/lambda/<mapping>/<shard>/<year>/<month>/<day>/`, with the reason and, in S3 only, the records of the batch
//! as `payload`.

use lambda_events::{Notice, Object};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::KinesisBatch;
use crate::{Error, s3::object_name};

/// Where a batch comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intake<'a> {
    /// The event source mapping delivers it, and delivers again what has no final outcome.
    Live,
    /// The event source mapping discarded it for this reason. Its records are only looked up, never created.
    Discarded { condition: &'a str },
}

/// A report of one discarded batch.
pub(crate) enum DiscardedBatch {
    /// The object that the mapping wrote.
    Object(Object),
    /// The content of such an object, sent by an operator.
    Record(Box<InvocationRecord>),
}

/// The document that the mapping writes for one batch.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvocationRecord {
    request_context: Option<RequestContext>,
    payload: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct RequestContext {
    condition: Option<String>,
}

#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(rename = "KinesisBatchInfo", borrow)]
    batch_info: Option<&'a RawValue>,
}

impl DiscardedBatch {
    /// Reads a notice. `None` when it needs no work: S3 sends a test event when a notification is configured, and
    /// reports other changes of objects.
    pub(crate) fn of(notice: Notice) -> Result<Option<Self>, Error> {
        match notice {
            Notice::Created(object) => Ok(Some(Self::Object(object))),
            Notice::Document(raw) if InvocationRecord::is_likely(&raw) => {
                let record = InvocationRecord::read(raw.get().as_bytes(), "the event")?;
                Ok(Some(Self::Record(Box::new(record))))
            }
            Notice::TestEvent | Notice::Other(_) => Ok(None),
            Notice::Document(_) => Err(unreadable(
                "a notification",
                "it names no object of a bucket and is no invocation record of Lambda",
            )),
        }
    }
}

impl InvocationRecord {
    /// Whether a document may be such a record.
    pub(crate) fn is_likely(document: &RawValue) -> bool {
        let shape = serde_json::from_str::<Shape<'_>>(document.get());
        shape.is_ok_and(|shape| shape.batch_info.is_some())
    }

    /// Reads the content of an object; `place` names the object in errors.
    pub(crate) fn read(content: &[u8], place: &str) -> Result<Self, Error> {
        serde_json::from_slice(content)
            .map_err(|_| unreadable(place, "it is no invocation record of Lambda"))
    }

    /// Reads the object that a notification names.
    pub(crate) fn read_object(content: &[u8], object: &Object) -> Result<Self, Error> {
        Self::read(content, &object_name(object))
    }

    /// Why the batch was discarded: `RetryAttemptsExhausted`, for example.
    pub(crate) fn condition(&self) -> &str {
        let context = self.request_context.as_ref();
        let condition = context.and_then(|context| context.condition.as_deref());
        let is_name = |text: &&str| {
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic())
        };
        condition.filter(is_name).unwrap_or("Discarded")
    }

    /// The batch, from the payload: a string that contains JSON, or the JSON itself.
    pub(crate) fn batch(&self, place: &str) -> Result<KinesisBatch, Error> {
        let payload = self.payload.as_ref().ok_or_else(|| {
            unreadable(
                place,
                "it has no `payload`: Lambda sends the records to a destination in S3 only",
            )
        })?;
        let text: Option<String> = serde_json::from_str(payload.get()).ok();
        let event: Result<&RawValue, _> =
            serde_json::from_str(text.as_deref().unwrap_or(payload.get()));
        let batch = event.ok().and_then(KinesisBatch::read);
        batch.ok_or_else(|| unreadable(place, "its `payload` is no Kinesis batch"))
    }
}

fn unreadable(place: &str, reason: &'static str) -> Error {
    Error::Discarded {
        place: place.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_batch_is_read_from_a_string_or_from_json() {
        let event = json!({"Records": [{"kinesis": {"sequenceNumber": "7", "data": "aGk="}}]});
        for payload in [json!(event.to_string()), event] {
            let record = json!({
                "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1},
                "version": "1.0",
                "KinesisBatchInfo": {"shardId": "shardId-000000000001", "batchSize": 1},
                "payload": payload,
            });
            let record = InvocationRecord::read(record.to_string().as_bytes(), "x").unwrap();
            assert_eq!(record.condition(), "RetryAttemptsExhausted");
            let batch = record.batch("x").unwrap();
            let records = batch.records();
            assert_eq!(records[0].content(), b"hi");
        }
    }

    #[test]
    fn a_record_without_payload_is_an_error_that_names_the_destination() {
        let record = InvocationRecord::read(br#"{"KinesisBatchInfo": {}}"#, "the event").unwrap();
        assert_eq!(record.condition(), "Discarded");
        let error = record.batch("the event").unwrap_err().to_string();
        assert!(error.contains("it has no `payload`"), "{error}");
        assert!(InvocationRecord::read(b"[", "the event").is_err());
    }

    #[test]
    fn a_condition_that_is_no_name_is_not_used() {
        for condition in ["", "a b", "a\n{", &"x".repeat(65)] {
            let record = json!({"requestContext": {"condition": condition}}).to_string();
            let record = InvocationRecord::read(record.as_bytes(), "x").unwrap();
            assert_eq!(record.condition(), "Discarded");
        }
    }
}
