//! The uploads that a payload names: notifications of S3, continuations from the queue of the function, and replays by invocation.

use lambda_events::Notice;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::upload::{InvalidUpload, Object, Upload};

/// The schema of the message with which one invocation hands an upload on to the next.
const SCHEMA: &str = "tt-upload/2";

/// Why a payload is not processed. Nothing of it was read.
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// None of the forms that S3 sends.
    #[error("payload is no S3 notification, directly or through SQS, SNS or EventBridge")]
    Unknown,
    /// A notification of S3 that is malformed.
    #[error("failed to read an S3 notification")]
    Notice(#[from] lambda_events::Error),
    /// A continuation or a replay of something that is no part of an uploaded file.
    #[error("upload is not valid: {0}")]
    Upload(#[from] InvalidUpload),
}

/// The uploads of a payload.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Notification {
    /// The uploads, in order.
    pub uploads: Vec<Upload>,
    /// The number of events about anything but a created object.
    pub others: u64,
}

/// A message of the queue through which one invocation hands an upload on to the next.
#[derive(Serialize, Deserialize)]
struct Continuation<T> {
    schema: String,
    upload: T,
}

/// A payload with which an operator starts reading an upload again. Only operators have permission to invoke the function.
#[derive(Serialize, Deserialize)]
struct Replay<T> {
    replay: T,
}

/// Reads the uploads from a payload; `bucket` is the only bucket that continuations and replays may name.
///
/// A continuation is accepted from a queue only, and a replay from a direct invocation only.
///
/// # Errors
///
/// When the payload is of no known form, or names an upload that is not valid.
pub fn decode(payload: &str, bucket: Option<&str>) -> Result<Notification, NotificationError> {
    let mut found = Notification::default();
    for message in lambda_events::decode(payload) {
        for notice in message.notices {
            match notice? {
                Notice::Created(object) => found.uploads.push(Upload::new(object.into())),
                Notice::TestEvent => tracing::info!("test event of S3, nothing to do"),
                Notice::Other(event) => {
                    let (event, key) = (event.event, event.key.unwrap_or_default());
                    tracing::warn!(event, key, "skipped an event that creates no object");
                    found.others += 1;
                }
                Notice::Document(document) if is_without_records(&document) => {
                    tracing::info!("event without records, nothing to do");
                }
                Notice::Document(document) => {
                    let upload = upload(&document, message.id.is_some())?;
                    upload.check(bucket)?;
                    found.uploads.push(upload);
                }
            }
        }
    }
    Ok(found)
}

/// Whether this is `{"Records":[]}`, which deployment tools send to test a new program.
fn is_without_records(document: &RawValue) -> bool {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Event {
        #[serde(rename = "Records")]
        records: [(); 0],
    }
    serde_json::from_str::<Event>(document.get()).is_ok_and(|event| event.records.is_empty())
}

fn upload(document: &RawValue, from_queue: bool) -> Result<Upload, NotificationError> {
    let text = document.get();
    let upload = if from_queue {
        let message: Option<Continuation<Upload>> = serde_json::from_str(text).ok();
        let message = message.filter(|message| message.schema == SCHEMA);
        message.map(|message| message.upload)
    } else {
        let message: Option<Replay<Upload>> = serde_json::from_str(text).ok();
        message.map(|message| message.replay)
    };
    upload.ok_or(NotificationError::Unknown)
}

/// The message that hands an upload on to the next invocation.
pub fn continuation(upload: &Upload) -> String {
    encode(&Continuation {
        schema: SCHEMA.to_owned(),
        upload,
    })
}

/// The payload with which an operator starts reading this upload again.
pub fn replay(upload: &Upload) -> String {
    encode(&Replay { replay: upload })
}

#[expect(
    clippy::expect_used,
    reason = "strings, numbers and plain enums always serialize"
)]
fn encode<T: Serialize>(message: &T) -> String {
    serde_json::to_string(message).expect("an upload is JSON")
}

impl From<lambda_events::Object> for Object {
    fn from(object: lambda_events::Object) -> Self {
        Self {
            bucket: object.bucket,
            key: object.key,
            version_id: object.version_id,
            e_tag: object.e_tag,
            size: object.size,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object() -> Object {
        Object {
            bucket: "bucket".to_owned(),
            key: "incoming/a b.csv".to_owned(),
            version_id: Some("v1".to_owned()),
            e_tag: Some("abc".to_owned()),
            size: Some(7),
        }
    }

    fn notification() -> Value {
        json!({"Records": [{
            "eventVersion": "2.6",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": "bucket"},
                "object": {"key": "incoming/a+b.csv", "size": 7, "eTag": "abc", "versionId": "v1"},
            },
        }]})
    }

    fn through_queue(body: &str) -> String {
        let record = json!({"eventSource": "aws:sqs", "messageId": "m", "body": body});
        json!({"Records": [record]}).to_string()
    }

    fn decode(payload: &str) -> Result<Vec<Upload>, String> {
        let found = super::decode(payload, Some("bucket"));
        found
            .map(|found| found.uploads)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_notification_names_whole_objects() {
        let expected = Ok(vec![Upload::new(object())]);
        let text = notification().to_string();
        assert_eq!(decode(&text), expected);
        assert_eq!(decode(&through_queue(&text)), expected);
    }

    #[test]
    fn a_deletion_is_counted_and_names_no_object() {
        let mut removed = notification();
        removed["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
        let found = super::decode(&removed.to_string(), None).unwrap();
        assert_eq!((found.uploads.len(), found.others), (0, 1));
    }

    #[test]
    fn a_continuation_is_accepted_from_the_queue_only() {
        let upload = Upload::new(object());
        let message = continuation(&upload);
        assert_eq!(decode(&through_queue(&message)), Ok(vec![upload]));
        let topic = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]});
        for payload in [message, topic.to_string()] {
            let error = decode(&payload).unwrap_err();
            assert!(
                error.starts_with("payload is no S3 notification"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_replay_is_accepted_from_an_invocation_only() {
        let upload = Upload::new(object());
        let payload = replay(&upload);
        assert_eq!(decode(&payload), Ok(vec![upload]));
        assert!(decode(&through_queue(&payload)).is_err());
    }

    #[test]
    fn continuations_and_replays_of_anything_but_an_upload_are_refused() {
        let mut parked = Upload::new(object());
        parked.object.key = "parked/a".to_owned();
        let mut latest = Upload::new(object());
        (latest.object.version_id, latest.object.e_tag) = (None, None);
        let mut elsewhere = Upload::new(object());
        elsewhere.object.bucket = "other".to_owned();
        for upload in [parked, latest, elsewhere] {
            for payload in [through_queue(&continuation(&upload)), replay(&upload)] {
                let error = decode(&payload).unwrap_err();
                assert!(error.starts_with("upload is not valid: "), "{error}");
            }
        }
    }

    #[test]
    fn an_event_without_records_is_nothing_to_do() {
        assert_eq!(decode(r#"{"Records":[]}"#), Ok(Vec::new()));
        assert!(decode(r#"{"Records":[],"more":1}"#).is_err());
    }

    #[test]
    fn anything_else_is_an_error_without_its_content() {
        for payload in [
            r#"{"key":"secret"}"#,
            r#"{"Records":[{"a":"secret"}]}"#,
            r#""secret""#,
            r#"{"replay":"secret"}"#,
        ] {
            let error = decode(payload).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
