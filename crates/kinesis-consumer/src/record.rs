//! One record of a batch: where it stands, when it came, and its bytes.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::records::Records;

/// A record as its producer wrote it, taken out of an aggregated one where need be; borrowed from its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record<'a> {
    /// Where it stands.
    pub position: Position<'a>,
    /// When the stream took it; `None` when the event does not say.
    pub arrived_at: Option<Timestamp>,
    /// The key its producer gave it.
    pub partition_key: Option<&'a str>,
    /// Its bytes. What could not be read is kept as it came.
    pub data: Result<&'a [u8], Unreadable<'a>>,
}

/// Where a record stands in its batch and shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position<'a> {
    /// Position of the Kinesis record in the batch, from 0.
    pub index: usize,
    /// A big decimal number; compared by nobody, since the batch is in order. Records that were
    /// aggregated share it.
    pub sequence_number: Option<&'a str>,
    /// Position within an aggregated Kinesis record, from 0; `None` in any other.
    pub sub_sequence_number: Option<usize>,
}

/// A record without data that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unreadable<'a> {
    /// `NO_KINESIS_DATA`, `NOT_BASE64` or `BROKEN_AGGREGATE`.
    pub code: &'static str,
    /// What came in its place.
    pub content: &'a [u8],
}

/// What is known of a record beside its data.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fields<'a> {
    pub(crate) index: usize,
    pub(crate) sequence_number: Option<&'a str>,
    pub(crate) partition_key: Option<&'a str>,
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

impl<'a> Record<'a> {
    /// The bytes, as they came when they could not be read.
    pub fn content(&self) -> &'a [u8] {
        match self.data {
            Ok(data) => data,
            Err(unreadable) => unreadable.content,
        }
    }
}

/// Reads the record at `index` of a batch, whatever it looks like, which is several when it is an
/// aggregated one.
pub(crate) fn read(index: usize, raw: &str, records: &mut Records) {
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
    let number = inner.sequence_number.or_else(from_event_id);
    let key: Option<String> = inner
        .partition_key
        .and_then(|raw| serde_json::from_str(raw.get()).ok());
    let arrival = inner.approximate_arrival_timestamp;
    let fields = Fields {
        index,
        sequence_number: number.as_deref().filter(|number| !number.is_empty()),
        partition_key: key.as_deref(),
        arrived_at: arrival.and_then(|raw| serde_json::from_str(raw.get()).ok()),
    };
    match inner.data {
        Some(data) => records.push(fields, &data),
        None => records.push_unreadable(fields, "NO_KINESIS_DATA", raw.as_bytes()),
    }
}

/// The time so many seconds after 1970.
pub(crate) fn timestamp(seconds: f64) -> Option<Timestamp> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}

#[cfg(test)]
mod tests {
    use kinesis_batch::{Aggregate, Entry};

    use super::*;

    fn read_all(raw: &str) -> Records {
        let mut records = Records::default();
        super::read(3, raw, &mut records);
        records
    }

    /// Reads a record that lives as long as the tests.
    fn read(raw: &str) -> Record<'static> {
        let records: &'static Records = Box::leak(Box::new(read_all(raw)));
        let records: Vec<_> = records.iter().collect();
        assert_eq!(records.len(), 1);
        records[0]
    }

    fn code(record: Record<'_>) -> &str {
        record.data.unwrap_err().code
    }

    fn aggregated(data: &[u8]) -> Records {
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
        assert_eq!(record.position.sequence_number, Some("7"));
        assert_eq!(
            record.arrived_at.unwrap().to_string(),
            "2026-01-01T00:00:00.5Z"
        );
        assert_eq!(record.partition_key, Some("k"));
        assert_eq!(record.data.unwrap(), b"hi");
    }

    #[test]
    fn what_is_strange_is_kept_as_it_came() {
        assert_eq!(read("7").content(), b"7");
        assert_eq!(code(read("null")), "NO_KINESIS_DATA");
        let numbered = read(r#"{"eventID": "shardId-0:8", "kinesis": {"data": 5}}"#);
        assert_eq!(numbered.position.sequence_number, Some("8"));
        let odd = read(r#"{"kinesis": {"sequenceNumber": "9", "data": "***"}}"#);
        assert_eq!((code(odd), odd.content()), ("NOT_BASE64", &b"***"[..]));
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
        let records: Vec<_> = records.iter().collect();
        assert_eq!(records.len(), 2);
        assert_eq!(records[1].position.sequence_number, Some("7"));
        assert_eq!(records[1].position.sub_sequence_number, Some(1));
        assert_eq!(records[1].partition_key, Some("b"));
        assert_eq!(records[1].content(), b"two");
    }

    #[test]
    fn magic_without_the_checksum_is_a_record_like_any_other() {
        let records = aggregated(b"\xf3\x89\x9a\xc2 and something else behind it");
        let records: Vec<_> = records.iter().collect();
        assert_eq!(records.len(), 1);
        assert!(records[0].data.is_ok());
        assert_eq!(records[0].position.sub_sequence_number, None);
    }
}
