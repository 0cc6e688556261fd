//! Records that will never be a Case, kept in the bucket with the reason.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_sdk_s3::{
    config::retry::RetryConfig,
    error::SdkError,
    operation::put_object::{PutObjectError, PutObjectOutput},
    primitives::ByteStream,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use kinesis_consumer::{Clock, Deadline, Parked, Record, Refusal};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{Error, backoff::Backoff, discarded::Object, reply};

/// Where parked records stand in the bucket.
pub(crate) const PREFIX: &str = "parked/case-creation/";

/// Names of lost puts; there are hardly ever any.
const KEPT: usize = 20_000;
const ATTEMPTS: u32 = 3;
const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(100),
    cap: Duration::from_secs(2),
};

/// The bucket for parked records.
#[derive(Debug)]
pub(crate) struct Parking {
    s3: aws_sdk_s3::Client,
    bucket: String,
    clock: Clock,
    /// Names under which a put may have written unseen.
    lost: Mutex<HashSet<String>>,
}

/// Why a record is parked.
pub(crate) type Reason = reply::Refusal;

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
    pub(crate) fn new(
        config: &aws_config::SdkConfig,
        bucket: String,
        path_style: bool,
        clock: Clock,
    ) -> Self {
        let config = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(path_style)
            // A retry has to know whether the put before it may have succeeded, so it is made here.
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(config),
            bucket,
            clock,
            lost: Mutex::default(),
        }
    }

    /// Keeps a record. The first one to be kept under a name stays, so that a record delivered
    /// again is known to be counted already.
    pub(crate) async fn park(
        &self,
        record: &Record<'_>,
        event_id: Option<&str>,
        reason: &Reason,
        deadline: Deadline,
    ) -> Result<Parked, Error> {
        let key = key(record, event_id);
        let body = self.document(record, event_id, reason);
        let mut attempt = 0;
        loop {
            let error = match self.put(&key, &body, deadline).await {
                Put::Done => {
                    self.lost().remove(&key);
                    return Ok(Parked::Now);
                }
                // Written by a put whose answer was lost, in this invocation or one before it.
                Put::Exists if self.lost().remove(&key) => return Ok(Parked::Now),
                Put::Exists => return Ok(Parked::Before),
                Put::Lost(error) => {
                    let mut lost = self.lost();
                    if lost.len() >= KEPT {
                        lost.clear();
                    }
                    lost.insert(key.clone());
                    error
                }
                Put::Failed(error) => error,
            };
            attempt += 1;
            let pause = BACKOFF.pause(attempt, fastrand::f64());
            if attempt >= ATTEMPTS || pause >= deadline.left() {
                return Err(error);
            }
            self.clock.sleep(pause).await;
        }
    }

    /// Whether a put of this record may have written unseen.
    pub(crate) fn may_hold(&self, record: &Record<'_>, event_id: Option<&str>) -> bool {
        let lost = self.lost();
        // As a rule none is, and there is no name to be made.
        !lost.is_empty() && lost.contains(&key(record, event_id))
    }

    /// Whether a record is kept already, and counted.
    pub(crate) async fn look(
        &self,
        record: &Record<'_>,
        event_id: Option<&str>,
        deadline: Deadline,
    ) -> Result<Option<Parked>, Error> {
        let operation = format!("look for a parked record in bucket `{}`", self.bucket);
        let key = key(record, event_id);
        let call = self.s3.head_object().bucket(&self.bucket).key(&key).send();
        let error = match self.clock.timeout(deadline.left_for_calls(), call).await {
            Ok(Ok(_)) if self.lost().remove(&key) => return Ok(Some(Parked::Now)),
            Ok(Ok(_)) => return Ok(Some(Parked::Before)),
            Ok(Err(error)) => error,
            Err(timeout) => {
                let cause = timeout.to_string();
                return Err(Error::Aws { operation, cause });
            }
        };
        match error.raw_response().map(|answer| answer.status().as_u16()) {
            Some(404) => Ok(None),
            _ => Err(Error::aws(operation, &error)),
        }
    }

    /// Reads an object.
    pub(crate) async fn read(&self, object: &Object, deadline: Deadline) -> Result<Vec<u8>, Error> {
        let operation = || format!("read {}", object.place());
        let call = async {
            let call = self.s3.get_object().bucket(&object.bucket).key(&object.key);
            let call = call.set_version_id(object.version.clone());
            let answer = call.send().await.map_err(|e| Error::aws(operation(), &e))?;
            let body = answer.body.collect().await;
            body.map_err(|_| Error::Aws {
                operation: operation(),
                cause: "the answer broke off".to_owned(),
            })
        };
        match self.clock.timeout(deadline.left_for_calls(), call).await {
            Ok(body) => Ok(body?.to_vec()),
            Err(timeout) => Err(Error::Aws {
                operation: operation(),
                cause: timeout.to_string(),
            }),
        }
    }

    fn document(&self, record: &Record<'_>, event_id: Option<&str>, reason: &Reason) -> Vec<u8> {
        let payload: Option<&RawValue> = serde_json::from_slice(record.content()).ok();
        let document = Document {
            event_id,
            sequence_number: record.position.sequence_number,
            code: &reason.code,
            message: &reason.message,
            fields: &reason.fields,
            parked_at: self.clock.now().to_string(),
            payload,
            payload_base64: payload.is_none().then(|| STANDARD.encode(record.content())),
        };
        #[expect(clippy::expect_used, reason = "strings and checked JSON serialize")]
        serde_json::to_vec(&document).expect("a parked record is JSON")
    }

    fn lost(&self) -> MutexGuard<'_, HashSet<String>> {
        // Whatever panicked, a set of names is whole.
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
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
        match self.clock.timeout(deadline.left(), call).await {
            Ok(result) => put_result(result, operation),
            Err(_) => Put::Lost(Error::Aws {
                operation,
                cause: "timeout".to_owned(),
            }),
        }
    }
}

impl Reason {
    /// The reason that is written down.
    pub(crate) fn of(refusal: &Refusal<Self>) -> Self {
        match refusal {
            Refusal::Unreadable(code) => {
                Self::new(code, "the Kinesis record holds no readable data")
            }
            Refusal::Panic => Self::new("PANIC", "a panic while creating the Case"),
            Refusal::Expired { cause } => Self::new("EXPIRED", cause.as_str()),
            Refusal::Refused(reason) => reason.clone(),
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

/// The object's name: the event id, or the position when there is none that fits a name.
fn key(record: &Record<'_>, event_id: Option<&str>) -> String {
    let is_plain = |name: &&str| {
        !name.is_empty()
            && name.len() <= 128
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if let Some(name) = event_id.filter(is_plain) {
        return format!("{PREFIX}{name}.json");
    }
    let position = &record.position;
    let number = position.sequence_number.filter(is_plain);
    match (number, position.sub_sequence_number) {
        (Some(number), None) => format!("{PREFIX}{number}.json"),
        (Some(number), Some(part)) => format!("{PREFIX}{number}-{part}.json"),
        (None, _) => {
            let digest = Sha256::digest(record.content());
            let head: [u8; 8] = std::array::from_fn(|i| digest.get(i).copied().unwrap_or_default());
            format!("{PREFIX}{:016x}.json", u64::from_be_bytes(head))
        }
    }
}

#[cfg(test)]
mod tests {
    use kinesis_consumer::KinesisBatch;
    use serde_json::{Value, json};

    use super::*;

    /// A record that lives as long as the tests.
    fn record(number: Option<&str>, payload: &[u8]) -> Record<'static> {
        let data = STANDARD.encode(payload);
        let batch = json!({"Records": [{"kinesis": {"sequenceNumber": number, "data": data}}]});
        let batch: KinesisBatch = serde_json::from_value(batch).unwrap();
        let batch: &'static KinesisBatch = Box::leak(Box::new(batch));
        batch.records().unwrap()[0]
    }

    #[test]
    fn the_name_is_the_event_id_when_it_fits_a_name() {
        let name = |id| key(&record(Some("495"), b""), id);
        assert_eq!(name(Some("abc23")), "parked/case-creation/abc23.json");
        assert_eq!(name(Some("../up")), "parked/case-creation/495.json");
        assert_eq!(name(None), "parked/case-creation/495.json");
        assert_eq!(
            key(&record(None, b"abc"), None),
            "parked/case-creation/ba7816bf8f01cfea.json"
        );
    }

    #[test]
    fn parts_of_an_aggregated_record_have_names_of_their_own() {
        let mut part = record(Some("495"), b"");
        part.position.sub_sequence_number = Some(3);
        assert_eq!(key(&part, None), "parked/case-creation/495-3.json");
    }

    #[test]
    fn payload_is_kept_as_json_or_as_base64() {
        let aws = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .build();
        let parking = Parking::new(&aws, "bucket".to_owned(), true, Clock::system());
        let reason = Reason::new("STRING_TOO_LONG", "why");
        let parse = |payload: &[u8]| -> Value {
            let document = parking.document(&record(None, payload), None, &reason);
            serde_json::from_slice(&document).unwrap()
        };
        let json = parse(br#"{"a": 1}"#);
        assert_eq!(json["payload"]["a"], 1);
        assert_eq!(json["code"], "STRING_TOO_LONG");
        assert_eq!(parse(b"\xff")["payload_base64"], "/w==");
    }
}
