//! One record of a batch: its position, arrival time and content.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// A record as its producer wrote it, borrowed from its batch. Each part of an aggregated Kinesis record is a record.
/// `Debug` omits the content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) position: Position<'a>,
    /// When the stream accepted it; `None` when the event has no valid time.
    pub(crate) arrived_at: Option<Timestamp>,
    /// The partition key that its producer chose.
    pub(crate) partition_key: Option<&'a str>,
    /// The content, or the unchanged JSON or base64 of a record that could not be decoded.
    pub(crate) data: Result<&'a [u8], Unreadable<'a>>,
}

/// The position of a record in its batch and shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position<'a> {
    /// Position of the Kinesis record in the batch, from 0.
    pub(crate) index: usize,
    /// A large decimal number. It is not compared, because the batch is in order. The records of an aggregated Kinesis
    /// record share it.
    pub(crate) sequence_number: Option<&'a str>,
    /// Position within an aggregated Kinesis record, from 0; `None` in any other.
    pub(crate) sub_sequence_number: Option<usize>,
}

/// A record whose data could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable<'a> {
    /// `NO_KINESIS_DATA`, `NOT_BASE64`, `BROKEN_AGGREGATE` or `AGGREGATE_WITHOUT_EVENT`.
    pub(crate) code: &'static str,
    /// The undecoded content.
    pub(crate) content: &'a [u8],
}

/// The fields of a record beside its data.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fields<'a> {
    pub(crate) index: usize,
    pub(crate) sequence_number: Option<&'a str>,
    pub(crate) partition_key: Option<&'a str>,
    /// Seconds since 1970, with a fraction.
    pub(crate) arrived_at: Option<f64>,
}

impl<'a> Record<'a> {
    /// Returns the content, undecoded when it could not be decoded.
    pub(crate) fn content(&self) -> &'a [u8] {
        match self.data {
            Ok(data) => data,
            Err(unreadable) => unreadable.content,
        }
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("position", &self.position)
            .field("arrived_at", &self.arrived_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
impl<'a> Record<'a> {
    /// A record of a test.
    pub(crate) fn of(sequence_number: Option<&'a str>, content: &'a [u8]) -> Self {
        Self {
            position: Position {
                index: 0,
                sequence_number,
                sub_sequence_number: None,
            },
            arrived_at: None,
            partition_key: None,
            data: Ok(content),
        }
    }
}

/// Converts seconds since 1970 to a time.
pub(crate) fn timestamp(seconds: f64) -> Option<Timestamp> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}

#[cfg(test)]
mod tests {
    use kinesis_batch::{Aggregate, Entry};
    use tt_event::{Source, TtEvent};

    use super::*;
    use crate::decode::{kinesis_batch::read_record, record_buffer::RecordBuffer};

    fn read_all(raw: &str) -> RecordBuffer {
        let mut records = RecordBuffer::default();
        read_record(3, raw, &mut records);
        records
    }

    /// Reads one record with a static lifetime.
    fn read(raw: &str) -> Record<'static> {
        let records: &'static RecordBuffer = Box::leak(Box::new(read_all(raw)));
        let records: Vec<_> = records.iter().collect();
        assert_eq!(records.len(), 1);
        records[0]
    }

    fn code(record: Record<'_>) -> &str {
        record.data.unwrap_err().code
    }

    fn aggregated(data: &[u8]) -> RecordBuffer {
        let data = base64_simd::STANDARD.encode_to_string(data);
        read_all(&format!(
            r#"{{"kinesis": {{"sequenceNumber": "7", "data": "{data}", "partitionKey": "a"}}}}"#
        ))
    }

    #[test]
    fn a_record_has_its_position_its_time_and_its_content() {
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
    fn the_content_of_a_malformed_record_is_kept_unchanged() {
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

    fn event() -> Vec<u8> {
        let source = Source::new("bucket", "incoming/a.csv", "v1", 0);
        TtEvent::new(source, "2026-01-01T00:00:00Z", "r", "c", "kyc_review").encode()
    }

    #[test]
    fn the_parts_of_an_aggregated_record_share_its_sequence_number() {
        let mut aggregate = Aggregate::new(4096);
        assert!(aggregate.push(&Entry::new("a", event())));
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
    fn an_aggregated_record_without_an_event_is_one_record() {
        let mut aggregate = Aggregate::new(1 << 20);
        for _ in 0..9_999 {
            assert!(aggregate.push(&Entry::new("a", "")));
        }
        let records = aggregated(&aggregate.into_entry().data);
        let records: Vec<_> = records.iter().collect();
        assert_eq!(records.len(), 1);
        assert_eq!(code(records[0]), "AGGREGATE_WITHOUT_EVENT");
        assert_eq!(records[0].position.sub_sequence_number, None);
    }

    #[test]
    fn magic_bytes_without_the_checksum_are_an_ordinary_record() {
        let records = aggregated(b"\xf3\x89\x9a\xc2 and something else behind it");
        let records: Vec<_> = records.iter().collect();
        assert_eq!(records.len(), 1);
        assert!(records[0].data.is_ok());
        assert_eq!(records[0].position.sub_sequence_number, None);
    }
}
