//! Records that will never be a Case, kept in the bucket with the reason.

use std::time::Duration;

use aws_sdk_s3::{
    config::retry::RetryConfig,
    error::SdkError,
    operation::put_object::{PutObjectError, PutObjectOutput},
    primitives::ByteStream,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tokio::time::{sleep, timeout};

use crate::{Deadline, Error, backoff::Backoff, record::Record, reply::Refusal};

/// Where parked records stand in the bucket.
pub(crate) const PREFIX: &str = "parked/case-creation/";

const ATTEMPTS: u32 = 3;
const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(100),
    cap: Duration::from_secs(2),
};

/// The bucket for parked records.
#[derive(Debug, Clone)]
pub(crate) struct Parking {
    s3: aws_sdk_s3::Client,
    bucket: String,
}

/// Whether a record is new in the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parked {
    /// This call put it there.
    Now,
    /// An earlier delivery did, and has counted it.
    Before,
}

/// What stands in the bucket.
#[derive(Serialize)]
struct Document<'a> {
    event_id: Option<&'a str>,
    sequence_number: Option<&'a str>,
    code: &'a str,
    message: &'a str,
    fields: &'a [String],
    parked_at: String,
    /// The payload when it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    /// The payload when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
}

enum Put {
    Done,
    Exists,
    /// The object may or may not have been written.
    Lost(Error),
    Failed(Error),
}

impl Parking {
    pub(crate) fn new(config: &aws_config::SdkConfig, bucket: String, path_style: bool) -> Self {
        let config = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(path_style)
            // A retry has to know whether the put before it may have succeeded, so it is made here.
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(config),
            bucket,
        }
    }

    /// Keeps a record. The first one to be kept under a name stays, so that a record delivered
    /// again is known to be counted already.
    pub(crate) async fn park(
        &self,
        record: &Record,
        event_id: Option<&str>,
        refusal: &Refusal,
        deadline: Deadline,
    ) -> Result<Parked, Error> {
        let key = key(record, event_id);
        let body = document(record, event_id, refusal);
        let mut maybe_written = false;
        let mut attempt = 0;
        loop {
            let error = match self.put(&key, &body, deadline).await {
                Put::Done => return Ok(Parked::Now),
                Put::Exists if maybe_written => return Ok(Parked::Now),
                Put::Exists => return Ok(Parked::Before),
                Put::Lost(error) => {
                    maybe_written = true;
                    error
                }
                Put::Failed(error) => error,
            };
            attempt += 1;
            let pause = BACKOFF.pause(attempt, fastrand::f64());
            if attempt >= ATTEMPTS || pause >= deadline.left() {
                return Err(error);
            }
            sleep(pause).await;
        }
    }

    async fn put(&self, key: &str, body: &[u8], deadline: Deadline) -> Put {
        let call = self
            .s3
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .content_type("application/json")
            .body(ByteStream::from(body.to_vec()))
            .send();
        let operation = format!("park a record in bucket `{}`", self.bucket);
        match timeout(deadline.left(), call).await {
            Ok(result) => put_result(result, operation),
            Err(_) => Put::Lost(Error::Aws {
                operation,
                cause: "timeout".to_owned(),
            }),
        }
    }
}

fn put_result(result: Result<PutObjectOutput, SdkError<PutObjectError>>, operation: String) -> Put {
    let Err(error) = result else {
        return Put::Done;
    };
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let described = Error::aws(operation, &error);
    match (status, &error) {
        (Some(412), _) => Put::Exists,
        (Some(status), _) if status < 500 => Put::Failed(described),
        (None, SdkError::ConstructionFailure(_)) => Put::Failed(described),
        _ => Put::Lost(described),
    }
}

/// The object's name: the event id, or the sequence number when there is none that fits a name.
fn key(record: &Record, event_id: Option<&str>) -> String {
    let is_plain = |name: &&str| {
        !name.is_empty()
            && name.len() <= 128
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let name = event_id
        .filter(is_plain)
        .or_else(|| record.sequence_number.as_deref().filter(is_plain));
    if let Some(name) = name {
        return format!("{PREFIX}{name}.json");
    }
    let digest = Sha256::digest(&record.payload);
    let head: [u8; 8] = std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default());
    format!("{PREFIX}{:016x}.json", u64::from_be_bytes(head))
}

fn document(record: &Record, event_id: Option<&str>, refusal: &Refusal) -> Vec<u8> {
    let payload: Option<&RawValue> = serde_json::from_slice(&record.payload).ok();
    let document = Document {
        event_id,
        sequence_number: record.sequence_number.as_deref(),
        code: &refusal.code,
        message: &refusal.message,
        fields: &refusal.fields,
        parked_at: Timestamp::now().to_string(),
        payload,
        payload_base64: payload.is_none().then(|| STANDARD.encode(&record.payload)),
    };
    #[expect(clippy::expect_used, reason = "strings and checked JSON serialize")]
    serde_json::to_vec(&document).expect("a parked record is JSON")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::record::Work;

    fn record(payload: &[u8]) -> Record {
        Record {
            sequence_number: Some("495".to_owned()),
            payload: payload.to_vec(),
            work: Work::Copy,
        }
    }

    #[test]
    fn the_name_is_the_event_id_when_it_fits_a_name() {
        let name = |id| key(&record(b""), id);
        assert_eq!(name(Some("abc23")), "parked/case-creation/abc23.json");
        assert_eq!(name(Some("../up")), "parked/case-creation/495.json");
        assert_eq!(name(None), "parked/case-creation/495.json");
        let mut nameless = record(b"abc");
        nameless.sequence_number = None;
        assert_eq!(
            key(&nameless, None),
            "parked/case-creation/ba7816bf8f01cfea.json"
        );
    }

    #[test]
    fn payload_is_kept_as_json_or_as_base64() {
        let refusal = Refusal::new("STRING_TOO_LONG", "why");
        let parse = |payload: &[u8]| -> Value {
            serde_json::from_slice(&document(&record(payload), None, &refusal)).unwrap()
        };
        let json = parse(br#"{"a": 1}"#);
        assert_eq!(json["payload"]["a"], 1);
        assert_eq!(json["code"], "STRING_TOO_LONG");
        assert_eq!(parse(b"\xff")["payload_base64"], "/w==");
    }
}
