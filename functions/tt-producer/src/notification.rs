//! What an invocation is about: the objects that its payload names, in any form S3 sends them.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{object::Object, upload::Upload};

/// The only event version we know; minor versions add fields.
const MAJOR_VERSION: &str = "2";
/// SNS in SQS around an S3 event, and one to spare.
const WRAPPERS: usize = 3;

/// Why a payload is not a notification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// None of the forms that S3 sends.
    #[error("payload is no S3 notification, directly or through SQS, SNS or EventBridge")]
    Unknown,
    /// A notification without something that every notification has.
    #[error("S3 notification record {index} has no {field}")]
    Missing {
        /// Position in the notification.
        index: usize,
        /// Path of the field.
        field: &'static str,
    },
    /// A notification of a form that this build does not know.
    #[error("S3 notification record {index} is of event version {version}, this build reads 2.x")]
    Version {
        /// Position in the notification.
        index: usize,
        /// The version found.
        version: String,
    },
}

/// The uploads of a payload.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) uploads: Vec<Upload>,
    /// Events about anything but a created object.
    pub(crate) others: u64,
}

impl Notification {
    fn of(upload: Option<Upload>) -> Self {
        Self {
            others: u64::from(upload.is_none()),
            uploads: upload.into_iter().collect(),
        }
    }

    fn add(&mut self, more: Self) {
        self.uploads.extend(more.uploads);
        self.others += more.others;
    }
}

/// Reads the uploads out of a payload.
///
/// Lenient about everything that is not needed: a stricter reader would refuse, before any of our
/// code runs, what S3 really sends. The test message that S3 sends when a notification is set up
/// names no object, and neither do events about anything but the creation of one. What an earlier
/// invocation handed on is read here too.
///
/// # Errors
///
/// When the payload is of no known form.
pub(crate) fn decode(payload: &Value) -> Result<Notification, NotificationError> {
    decode_wrapped(payload, WRAPPERS)
}

fn decode_wrapped(payload: &Value, wrappers: usize) -> Result<Notification, NotificationError> {
    if payload["Event"] == "s3:TestEvent" {
        tracing::info!("test event of S3, nothing to do");
        return Ok(Notification::default());
    }
    if let Some(upload) = Upload::decode(payload) {
        return Ok(Notification::of(Some(upload)));
    }
    if payload["source"] == "aws.s3" && payload["detail"].is_object() {
        return event_bridge(payload).map(Notification::of);
    }
    // A topic wraps what it puts into a queue, unless raw delivery is on.
    if payload["Type"] == "Notification"
        && wrappers > 0
        && let Some(text) = payload["Message"].as_str()
    {
        let inner = serde_json::from_str(text).map_err(|_| NotificationError::Unknown)?;
        return decode_wrapped(&inner, wrappers - 1);
    }
    let records = payload["Records"]
        .as_array()
        .ok_or(NotificationError::Unknown)?;
    let mut found = Notification::default();
    for (index, record) in records.iter().enumerate() {
        match wrapped_text(record) {
            Some(text) if wrappers > 0 => {
                let inner = serde_json::from_str(text).map_err(|_| NotificationError::Unknown)?;
                found.add(decode_wrapped(&inner, wrappers - 1)?);
            }
            Some(_) => return Err(NotificationError::Unknown),
            None => found.add(Notification::of(direct(index, record)?)),
        }
    }
    Ok(found)
}

/// The message inside an SQS or SNS record.
fn wrapped_text(record: &Value) -> Option<&str> {
    let queue = record["eventSource"] == "aws:sqs";
    let topic = record["EventSource"] == "aws:sns";
    match (queue, topic) {
        (true, _) => record["body"].as_str(),
        (_, true) => record.pointer("/Sns/Message")?.as_str(),
        _ => None,
    }
}

/// One record of an S3 notification; `None` when it is not about a created object.
fn direct(index: usize, record: &Value) -> Result<Option<Upload>, NotificationError> {
    let missing = |field| NotificationError::Missing { index, field };
    let Some(s3) = record.get("s3") else {
        return Err(NotificationError::Unknown);
    };
    if let Some(version) = record["eventVersion"].as_str()
        && version.split('.').next() != Some(MAJOR_VERSION)
    {
        return Err(NotificationError::Version {
            index,
            version: version.to_owned(),
        });
    }
    let event = record["eventName"]
        .as_str()
        .ok_or_else(|| missing("eventName"))?;
    let object = &s3["object"];
    let bucket = s3
        .pointer("/bucket/name")
        .and_then(text)
        .ok_or_else(|| missing("s3.bucket.name"))?;
    let key = text(&object["key"]).ok_or_else(|| missing("s3.object.key"))?;
    let key = decode_key(&key);
    if !event
        .trim_start_matches("s3:")
        .starts_with("ObjectCreated:")
    {
        tracing::warn!(
            bucket,
            key,
            event,
            "skipped an event that creates no object"
        );
        return Ok(None);
    }
    Ok(Some(Upload::new(Object {
        bucket,
        key,
        version_id: version_id(&object["versionId"]),
        e_tag: text(&object["eTag"]).map(|tag| unquoted(&tag)),
        size: object["size"].as_u64(),
    })))
}

/// An event that came through `EventBridge`, where keys are not encoded; `None` when it is not about a
/// created object.
fn event_bridge(event: &Value) -> Result<Option<Upload>, NotificationError> {
    let missing = |field| NotificationError::Missing { index: 0, field };
    let (kind, detail) = (&event["detail-type"], &event["detail"]);
    let object = &detail["object"];
    if kind != "Object Created" {
        let key = &object["key"];
        tracing::warn!(%kind, %key, "skipped an event that creates no object");
        return Ok(None);
    }
    Ok(Some(Upload::new(Object {
        bucket: detail
            .pointer("/bucket/name")
            .and_then(text)
            .ok_or_else(|| missing("detail.bucket.name"))?,
        key: text(&object["key"]).ok_or_else(|| missing("detail.object.key"))?,
        version_id: version_id(&object["version-id"]),
        e_tag: text(&object["etag"]).map(|tag| unquoted(&tag)),
        size: object["size"].as_u64(),
    })))
}

/// Decodes a key as S3 encodes it for notifications: like a form, so `+` is a space.
fn decode_key(key: &str) -> String {
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

fn text(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// A version id that names one version: objects of a suspended bucket share the id `null`.
fn version_id(value: &Value) -> Option<String> {
    text(value).filter(|id| id != "null")
}

fn unquoted(e_tag: &str) -> String {
    e_tag.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(key: &str) -> Value {
        json!({
            "eventVersion": "2.6",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": "bucket"},
                "object": {"key": key, "size": 7, "eTag": "abc", "versionId": "v1"},
            },
        })
    }

    fn object() -> Object {
        Object {
            bucket: "bucket".to_owned(),
            key: "incoming/a.csv".to_owned(),
            version_id: Some("v1".to_owned()),
            e_tag: Some("abc".to_owned()),
            size: Some(7),
        }
    }

    fn decode(payload: &Value) -> Result<Vec<Object>, NotificationError> {
        let uploads = super::decode(payload)?.uploads.into_iter();
        Ok(uploads.map(|upload| upload.object).collect())
    }

    #[test]
    fn every_record_of_a_notification_is_an_object() {
        let payload = json!({"Records": [record("incoming/a.csv"), record("incoming/b.csv")]});
        let objects = decode(&payload).unwrap();
        assert_eq!(objects[0], object());
        assert_eq!(objects[1].key, "incoming/b.csv");
    }

    #[test]
    fn keys_are_decoded_like_a_form() {
        assert_eq!(
            decode_key("incoming/a+b%2Bc%C3%A9%25.csv"),
            "incoming/a b+cé%.csv"
        );
    }

    #[test]
    fn the_test_event_names_no_object() {
        let payload = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "bucket"});
        assert_eq!(decode(&payload), Ok(Vec::new()));
    }

    #[test]
    fn notifications_arrive_through_sqs_sns_and_both() {
        let s3 = json!({"Records": [record("incoming/a.csv")]}).to_string();
        let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": s3}}]});
        let sqs = |body: &str| json!({"Records": [{"eventSource": "aws:sqs", "body": body}]});
        // What a topic without raw delivery puts into a queue is not the event of a subscribed function.
        let message = json!({"Type": "Notification", "TopicArn": "arn", "Message": s3}).to_string();
        assert_eq!(decode(&sns), Ok(vec![object()]));
        assert_eq!(decode(&sqs(&s3)), Ok(vec![object()]));
        assert_eq!(decode(&sqs(&message)), Ok(vec![object()]));
    }

    #[test]
    fn event_bridge_keys_are_taken_as_they_are() {
        let payload = json!({
            "detail-type": "Object Created",
            "source": "aws.s3",
            "detail": {
                "bucket": {"name": "bucket"},
                "object": {"key": "incoming/a+b.csv", "size": 7, "etag": "abc", "version-id": "v1"},
            },
        });
        let expected = Object {
            key: "incoming/a+b.csv".to_owned(),
            ..object()
        };
        assert_eq!(decode(&payload), Ok(vec![expected]));
    }

    #[test]
    fn a_deletion_names_no_object_and_is_told() {
        let mut removed = record("incoming/a.csv");
        removed["eventName"] = json!("ObjectRemoved:Delete");
        let deleted = json!({"source": "aws.s3", "detail-type": "Object Deleted", "detail": {}});
        for payload in [json!({"Records": [removed]}), deleted] {
            let found = super::decode(&payload).unwrap();
            assert_eq!((found.uploads.len(), found.others), (0, 1));
        }
    }

    #[test]
    fn what_was_handed_on_is_read_through_the_queue() {
        let upload = Upload::new(object());
        let message = json!({"Records": [{"eventSource": "aws:sqs", "body": upload.encode()}]});
        assert_eq!(super::decode(&message).unwrap().uploads, [upload]);
    }

    #[test]
    fn the_shared_version_id_of_a_suspended_bucket_is_no_version() {
        let mut shared = record("incoming/a.csv");
        shared["s3"]["object"]["versionId"] = json!("null");
        let objects = decode(&json!({"Records": [shared]})).unwrap();
        assert_eq!(objects[0].version_id, None);
    }

    #[test]
    fn anything_else_is_an_error_that_says_what_is_wrong() {
        assert_eq!(
            decode(&json!({"key": "value"})),
            Err(NotificationError::Unknown)
        );
        assert_eq!(
            decode(&json!({"Records": [{"a": 1}]})),
            Err(NotificationError::Unknown)
        );
        assert_eq!(decode(&json!("text")), Err(NotificationError::Unknown));
        let mut next = record("incoming/a.csv");
        next["eventVersion"] = json!("3.0");
        let version = "3.0".to_owned();
        let expected = Err(NotificationError::Version { index: 0, version });
        assert_eq!(decode(&json!({"Records": [next]})), expected);
        let error = decode(&json!({"Records": [record("")]})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "S3 notification record 0 has no s3.object.key"
        );
    }
}
