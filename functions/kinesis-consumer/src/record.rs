//! One record of a batch: where it stands, when it came, and its bytes.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use kinesis_batch::deaggregate;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A record as its producer wrote it, taken out of an aggregated one where need be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Where it stands.
    pub position: Position,
    /// When the stream took it; `None` when the event does not say.
    pub arrived_at: Option<Timestamp>,
    /// The key its producer gave it.
    pub partition_key: Option<String>,
    /// Its bytes. What could not be read is kept as it came.
    pub data: Result<Vec<u8>, Unreadable>,
}

/// Where a record stands in its batch and shard.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// Position of the Kinesis record in the batch, from 0.
    pub index: usize,
    /// A big decimal number; compared by nobody, since the batch is in order. Records that were
    /// aggregated share it.
    pub sequence_number: Option<String>,
    /// Position within an aggregated Kinesis record, from 0; `None` in any other.
    pub sub_sequence_number: Option<usize>,
}

/// A record without data that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unreadable {
    /// `NO_KINESIS_DATA`, `NOT_BASE64` or `BROKEN_AGGREGATE`.
    pub code: &'static str,
    /// What came in its place.
    pub content: Vec<u8>,
}

/// What is known of a record beside its data.
pub(crate) struct Fields {
    pub(crate) index: usize,
    pub(crate) sequence_number: Option<String>,
    pub(crate) partition_key: Option<String>,
    /// Seconds since 1970, with a fraction.
    pub(crate) arrived_at: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordText<'a> {
    #[serde(rename = "eventID")]
    event_id: Option<String>,
    #[serde(borrow)]
    kinesis: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KinesisText<'a> {
    sequence_number: Option<String>,
    data: Option<String>,
    // These two must not make a record unreadable.
    #[serde(borrow, default)]
    partition_key: Option<&'a RawValue>,
    #[serde(borrow, default)]
    approximate_arrival_timestamp: Option<&'a RawValue>,
}

impl Record {
    /// The bytes, as they came when they could not be read.
    pub fn content(&self) -> &[u8] {
        match &self.data {
            Ok(data) => data,
            Err(unreadable) => &unreadable.content,
        }
    }

    /// Reads the record at `index` of a batch, which is several when it is an aggregated one.
    pub(crate) fn read(index: usize, raw: &str, records: &mut Vec<Self>) {
        let outer: Option<RecordText<'_>> = serde_json::from_str(raw).ok();
        let inner: Option<KinesisText<'_>> = outer
            .as_ref()
            .and_then(|outer| outer.kinesis)
            .and_then(|kinesis| serde_json::from_str(kinesis.get()).ok());
        let inner = inner.unwrap_or_default();
        // `eventID` is `shardId-000000000000:<sequence number>`.
        let from_event_id = || {
            let event_id = outer.and_then(|outer| outer.event_id)?;
            let (_, number) = event_id.rsplit_once(':')?;
            Some(number.to_owned())
        };
        let arrival = inner.approximate_arrival_timestamp;
        let fields = Fields {
            index,
            sequence_number: inner
                .sequence_number
                .or_else(from_event_id)
                .filter(|number| !number.is_empty()),
            partition_key: inner
                .partition_key
                .and_then(|raw| serde_json::from_str(raw.get()).ok()),
            arrived_at: arrival.and_then(|raw| serde_json::from_str(raw.get()).ok()),
        };
        match inner.data {
            Some(data) => fields.record(data.into(), records),
            None => records.push(fields.with(Err(Unreadable {
                code: "NO_KINESIS_DATA",
                content: raw.into(),
            }))),
        }
    }

    /// Adds this record, or those that were aggregated in it.
    fn take_apart(mut self, records: &mut Vec<Self>) {
        let parts = match self.data.as_deref().map(deaggregate) {
            Ok(Ok(Some(parts))) => parts,
            Ok(Ok(None)) | Err(_) => return records.push(self),
            Ok(Err(_)) => {
                let content = self.data.unwrap_or_default();
                self.data = Err(Unreadable {
                    code: "BROKEN_AGGREGATE",
                    content,
                });
                return records.push(self);
            }
        };
        let part = |(number, part): (usize, &kinesis_batch::UserRecord<'_>)| Self {
            position: Position {
                sub_sequence_number: Some(number),
                ..self.position.clone()
            },
            arrived_at: self.arrived_at,
            partition_key: Some(part.partition_key.to_owned()),
            data: Ok(part.data.to_vec()),
        };
        records.extend(parts.iter().enumerate().map(part));
    }
}

impl Fields {
    /// Adds the record with these data, which is several when it is an aggregated one.
    pub(crate) fn record(self, data: Cow<'_, str>, records: &mut Vec<Record>) {
        match base64_simd::STANDARD.decode_to_vec(data.as_bytes()) {
            Ok(data) => self.with(Ok(data)).take_apart(records),
            Err(_) => records.push(self.with(Err(Unreadable {
                code: "NOT_BASE64",
                content: data.into_owned().into_bytes(),
            }))),
        }
    }

    fn with(self, data: Result<Vec<u8>, Unreadable>) -> Record {
        Record {
            position: Position {
                index: self.index,
                sequence_number: self.sequence_number,
                sub_sequence_number: None,
            },
            arrived_at: self.arrived_at.and_then(timestamp),
            partition_key: self.partition_key,
            data,
        }
    }
}

/// The time so many seconds after 1970.
fn timestamp(seconds: f64) -> Option<Timestamp> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}

#[cfg(test)]
mod tests {
    use kinesis_batch::{Aggregate, Entry};

    use super::*;

    fn read_all(raw: &str) -> Vec<Record> {
        let mut records = Vec::new();
        Record::read(3, raw, &mut records);
        records
    }

    fn read(raw: &str) -> Record {
        let mut records = read_all(raw);
        assert_eq!(records.len(), 1);
        records.remove(0)
    }

    fn code(record: &Record) -> &str {
        record.data.as_ref().err().unwrap().code
    }

    fn aggregated(data: &[u8]) -> Vec<Record> {
        let data = base64_simd::STANDARD.encode_to_string(data);
        read_all(&format!(
            r#"{{"kinesis": {{"sequenceNumber": "7", "data": "{data}", "partitionKey": "a"}}}}"#
        ))
    }

    #[test]
    fn a_record_has_its_place_its_time_and_its_bytes() {
        let record = read(
            r#"{"kinesis": {"sequenceNumber": "7", "data": "aGk=", "partitionKey": "k",
                "approximateArrivalTimestamp": 1767225600.5}}"#,
        );
        assert_eq!(record.position.index, 3);
        assert_eq!(record.position.sequence_number.as_deref(), Some("7"));
        assert_eq!(
            record.arrived_at.unwrap().to_string(),
            "2026-01-01T00:00:00.5Z"
        );
        assert_eq!(record.partition_key.as_deref(), Some("k"));
        assert_eq!(record.data.unwrap(), b"hi");
    }

    #[test]
    fn what_is_strange_is_kept_as_it_came() {
        assert_eq!(read("7").content(), b"7");
        assert_eq!(code(&read("null")), "NO_KINESIS_DATA");
        let numbered = read(r#"{"eventID": "shardId-0:8", "kinesis": {"data": 5}}"#);
        assert_eq!(numbered.position.sequence_number.as_deref(), Some("8"));
        let odd = read(r#"{"kinesis": {"sequenceNumber": "9", "data": "***"}}"#);
        assert_eq!((code(&odd), odd.content()), ("NOT_BASE64", &b"***"[..]));
        let odd = read(
            r#"{"kinesis": {"sequenceNumber": "10", "data": "", "partitionKey": 5,
                "approximateArrivalTimestamp": "x"}}"#,
        );
        assert_eq!((odd.arrived_at, odd.partition_key), (None, None));
        assert_eq!(odd.data.unwrap(), b"");
    }

    #[test]
    fn an_aggregated_record_is_each_of_its_parts_under_one_sequence_number() {
        let mut aggregate = Aggregate::new(1024);
        assert!(aggregate.push(&Entry::new("a", "one")));
        assert!(aggregate.push(&Entry::new("b", "two")));
        let records = aggregated(&aggregate.into_entry().data);
        assert_eq!(records.len(), 2);
        assert_eq!(records[1].position.sequence_number.as_deref(), Some("7"));
        assert_eq!(records[1].position.sub_sequence_number, Some(1));
        assert_eq!(records[1].partition_key.as_deref(), Some("b"));
        assert_eq!(records[1].content(), b"two");
    }

    #[test]
    fn magic_without_the_checksum_is_a_record_like_any_other() {
        let records = aggregated(b"\xf3\x89\x9a\xc2 and something else behind it");
        assert_eq!(records.len(), 1);
        assert!(records[0].data.is_ok());
        assert_eq!(records[0].position.sub_sequence_number, None);
    }
}
