//! Single S3 events: records of a notification, and events of `EventBridge`.

use std::borrow::Cow;

use aws_lambda_events::{
    eventbridge::EventBridgeEvent,
    s3::{S3Bucket, S3Entity},
};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::notice::{Error, Notice, Object, OtherEvent};

/// The supported major version of S3 events; minor versions only add fields.
const MAJOR_VERSION: &str = "2";
const CREATED: &str = "ObjectCreated:";
const CREATED_IN_EVENT_BRIDGE: &str = "Object Created";

/// A record of a notification. `S3EventRecord` of `aws_lambda_events` is not used, because it rejects a record without
/// `eventTime`, `userIdentity` or `requestParameters`, none of which is needed here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_version: Option<String>,
    event_name: Option<String>,
    s3: S3Entity,
}

/// The `detail` of an event of `EventBridge`.
#[derive(Deserialize)]
struct Detail {
    bucket: Option<S3Bucket>,
    object: Option<DetailObject>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DetailObject {
    key: Option<String>,
    size: Option<i64>,
    etag: Option<String>,
    version_id: Option<String>,
}

/// Decodes a record of an S3 notification.
pub(crate) fn record(raw: &RawValue) -> Result<Notice, Error> {
    let record: Record = serde_json::from_str(raw.get()).map_err(|_| Error::UnknownRecord)?;
    if let Some(version) = record.event_version
        && version.split('.').next() != Some(MAJOR_VERSION)
    {
        return Err(Error::Version { version });
    }
    let event = required(record.event_name, "eventName")?;
    let S3Entity { bucket, object, .. } = record.s3;
    if !event.trim_start_matches("s3:").starts_with(CREATED) {
        return Ok(Notice::Other(OtherEvent {
            event,
            bucket: bucket.name,
            key: object.key,
        }));
    }
    let key = required(object.key, "s3.object.key")?;
    Ok(Notice::Created(Object {
        bucket: required(bucket.name, "s3.bucket.name")?,
        key: decode_key(&key)?.into_owned(),
        version_id: version_id(object.version_id),
        e_tag: e_tag(object.e_tag),
        size: size(object.size),
    }))
}

/// Decodes an event of `EventBridge`, where keys are not encoded.
pub(crate) fn event_bridge(event: EventBridgeEvent<Box<RawValue>>) -> Result<Notice, Error> {
    let detail: Detail =
        serde_json::from_str(event.detail.get()).map_err(|_| Error::UnknownRecord)?;
    let bucket = detail.bucket.and_then(|bucket| bucket.name);
    if event.detail_type != CREATED_IN_EVENT_BRIDGE {
        return Ok(Notice::Other(OtherEvent {
            event: event.detail_type,
            bucket,
            key: detail.object.and_then(|object| object.key),
        }));
    }
    let object = detail.object.ok_or(Error::Missing {
        field: "detail.object",
    })?;
    Ok(Notice::Created(Object {
        bucket: required(bucket, "detail.bucket.name")?,
        key: required(object.key, "detail.object.key")?,
        version_id: version_id(object.version_id),
        e_tag: e_tag(object.etag),
        size: size(object.size),
    }))
}

fn required(value: Option<String>, field: &'static str) -> Result<String, Error> {
    value
        .filter(|value| !value.is_empty())
        .ok_or(Error::Missing { field })
}

/// Decodes a key, which S3 encodes like a form: a space is `+`, other characters are percent-encoded.
fn decode_key(key: &str) -> Result<Cow<'_, str>, Error> {
    let spaced = key.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(|key| Cow::Owned(key.into_owned()))
        .map_err(|_| Error::KeyEncoding)
}

fn version_id(id: Option<String>) -> Option<String> {
    id.filter(|id| !id.is_empty() && id != "null")
}

fn e_tag(tag: Option<String>) -> Option<String> {
    tag.map(|tag| tag.trim_matches('"').to_owned())
        .filter(|tag| !tag.is_empty())
}

fn size(size: Option<i64>) -> Option<u64> {
    size.and_then(|size| u64::try_from(size).ok())
}
