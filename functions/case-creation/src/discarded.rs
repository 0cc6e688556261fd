//! Batches that the event source mapping gave up, as it tells of them in the bucket.
//!
//! [The form](https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html): one
//! object for a batch, under `aws/lambda/<mapping>/<shard>/<year>/<month>/<day>/`, with the reason and,
//! in S3 alone, the event of the batch as `payload`.

use kinesis_consumer::KinesisBatch;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Error;

/// What tells of one discarded batch.
#[derive(Debug)]
pub enum Discarded {
    /// The object that the mapping wrote about it.
    Object(Object),
    /// The content of such an object itself, as an operator may send it.
    Record(Box<InvocationRecord>),
}

/// An object that the mapping wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version: Option<String>,
}

/// What the mapping wrote about one batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvocationRecord {
    request_context: Option<RequestContext>,
    payload: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
struct RequestContext {
    condition: Option<String>,
}

impl Object {
    /// What errors call it.
    pub(crate) fn place(&self) -> String {
        format!("object `{}` of bucket `{}`", self.key, self.bucket)
    }
}

impl InvocationRecord {
    /// Reads the content of an object; `place` is what errors call it.
    pub(crate) fn read(content: &[u8], place: &str) -> Result<Self, Error> {
        serde_json::from_slice(content)
            .map_err(|_| unreadable(place, "it is no invocation record of Lambda"))
    }

    /// Why the batch was given up, as Lambda says it: `RetryAttemptsExhausted`, for example.
    pub(crate) fn condition(&self) -> &str {
        let context = self.request_context.as_ref();
        let condition = context.and_then(|context| context.condition.as_deref());
        condition.unwrap_or("Discarded")
    }

    /// The batch, from its event: a text with JSON in it, or the JSON itself.
    pub(crate) fn batch(&self, place: &str) -> Result<KinesisBatch, Error> {
        let payload = self.payload.as_ref().ok_or_else(|| {
            unreadable(
                place,
                "it has no `payload`: only a destination in S3 gets the records",
            )
        })?;
        let text: Option<String> = serde_json::from_str(payload.get()).ok();
        serde_json::from_str(text.as_deref().unwrap_or(payload.get()))
            .map_err(|_| unreadable(place, "its `payload` is no Kinesis batch"))
    }
}

pub(crate) fn unreadable(place: &str, reason: &'static str) -> Error {
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
    fn the_batch_is_read_from_a_text_or_from_json() {
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
            let records = batch.records().unwrap();
            assert_eq!(records[0].content(), b"hi");
        }
    }

    #[test]
    fn a_record_for_a_queue_has_no_records_and_says_so() {
        let record = InvocationRecord::read(br#"{"KinesisBatchInfo": {}}"#, "the event").unwrap();
        assert_eq!(record.condition(), "Discarded");
        let error = record.batch("the event").unwrap_err().to_string();
        assert!(error.contains("it has no `payload`"), "{error}");
        assert!(InvocationRecord::read(b"[", "the event").is_err());
    }
}
