//! The event of a Kinesis event source mapping.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    record::{Fields, Record},
    record_buffer::RecordBuffer,
};

/// A batch of Kinesis records; aggregated ones are taken apart.
///
/// A malformed record does not affect the others: its content is kept unchanged.
#[derive(Debug)]
pub struct KinesisBatch(RecordBuffer);

/// A batch whose every record has the form that Kinesis writes, without escapes.
#[derive(Deserialize)]
struct RegularBatch<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<RegularRecord<'a>>,
}

#[derive(Deserialize)]
struct RegularRecord<'a> {
    #[serde(borrow)]
    kinesis: RegularKinesis<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegularKinesis<'a> {
    sequence_number: &'a str,
    data: &'a str,
    #[serde(default)]
    partition_key: Option<&'a str>,
    #[serde(default)]
    approximate_arrival_timestamp: Option<f64>,
}

#[derive(Deserialize)]
struct AnyBatch<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'a RawValue>,
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
    // A malformed value of these two fields must not make the record unreadable.
    #[serde(borrow, default)]
    partition_key: Option<&'a RawValue>,
    #[serde(borrow, default)]
    approximate_arrival_timestamp: Option<&'a RawValue>,
}

impl KinesisBatch {
    /// Reads an event; `None` when it is of another kind.
    pub(crate) fn read(event: &RawValue) -> Option<Self> {
        Self::regular(event).or_else(|| Self::any(event))
    }

    /// Reads an event record by record, so that a malformed record does not affect the others.
    fn any(event: &RawValue) -> Option<Self> {
        let batch: AnyBatch<'_> = serde_json::from_str(event.get()).ok()?;
        let mut records = RecordBuffer::with_capacity(event.get().len());
        for (index, raw) in batch.records.into_iter().enumerate() {
            read_record(index, raw.get(), &mut records);
        }
        Some(Self(records))
    }

    /// Reads an event whose every record has the form that Kinesis writes; `None` for any other, which
    /// [`read`](Self::read) reads, too.
    pub(crate) fn regular(event: &RawValue) -> Option<Self> {
        let batch: RegularBatch<'_> = serde_json::from_str(event.get()).ok()?;
        let is_numbered = |record: &RegularRecord<'_>| !record.kinesis.sequence_number.is_empty();
        if !batch.records.iter().all(is_numbered) {
            return None;
        }
        let mut records = RecordBuffer::with_capacity(event.get().len());
        for (index, RegularRecord { kinesis }) in batch.records.into_iter().enumerate() {
            let fields = Fields {
                index,
                sequence_number: Some(kinesis.sequence_number),
                partition_key: kinesis.partition_key,
                arrived_at: kinesis.approximate_arrival_timestamp,
            };
            records.push(fields, kinesis.data);
        }
        Some(Self(records))
    }

    /// Returns the records in order.
    pub(crate) fn records(&self) -> Vec<Record<'_>> {
        self.0.iter().collect()
    }
}

/// Reads the record at `index` of a batch, in any form. An aggregated record becomes several.
pub(crate) fn read_record(index: usize, raw: &str, records: &mut RecordBuffer) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).unwrap()
    }

    /// Whether an event is a regular one. If so, both ways of reading return the same records.
    fn is_regular(text: &str) -> bool {
        let (regular, any) = (
            KinesisBatch::regular(raw(text)),
            KinesisBatch::any(raw(text)),
        );
        if let Some(regular) = &regular {
            assert_eq!(regular.records(), any.unwrap().records(), "{text}");
        }
        regular.is_some()
    }

    const EVENT: &str = r#"{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"k-1",
        "sequenceNumber":"49","data":"aGk+/w==","approximateArrivalTimestamp":1767225600.5,"new":[1,{"a":"}"}]},
        "eventSource":"aws:kinesis","eventID":"shardId-0:49","awsRegion":"a\\\"b"},
        {"eventID":"shardId-0:50","kinesis":{"sequenceNumber":"50","data":"***","partitionKey":null}},
        {"kinesis" : { "data" : "" , "sequenceNumber" : "51" } }],"more":{"Records":[]}}"#;

    #[test]
    fn an_event_of_kinesis_is_regular() {
        assert!(is_regular(EVENT));
        assert!(is_regular(r#" { "Records" : [ ] } "#));
        let batch = KinesisBatch::regular(raw(EVENT)).unwrap();
        let records = batch.records();
        assert_eq!(
            (records[0].content(), records[0].partition_key),
            (&b"hi>\xff"[..], Some("k-1"))
        );
        assert_eq!(
            (records[1].content(), records[1].partition_key),
            (&b"***"[..], None)
        );
        assert_eq!(records[2].position.sequence_number, Some("51"));
    }

    #[test]
    fn both_ways_of_reading_agree_on_an_event_with_any_byte_changed() {
        let changes = [
            "",
            "\"",
            "\\",
            "\\\"",
            "\\u002b",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            " ",
            "\t",
            "null",
            "0",
            "-",
            "e9",
            "a",
            "=",
            "\u{e9}",
            ",\"data\":\"aA==\"",
            "\",\"data\":\"aA==",
        ];
        let (mut regular, mut strange) = (0, 0);
        for at in 0..EVENT.len() {
            for change in changes {
                for end in [at, at + 1] {
                    let text = [&EVENT[..at], change, &EVENT[end..]].concat();
                    if serde_json::from_str::<&RawValue>(&text).is_ok() {
                        *(if is_regular(&text) {
                            &mut regular
                        } else {
                            &mut strange
                        }) += 1;
                    }
                }
            }
        }
        assert!(regular > 1_000 && strange > 100, "{regular} {strange}");
    }

    #[test]
    fn escapes_are_decoded() {
        let event = r#"{"Records": [{"kinesis": {"sequenceNumber": "4\u0039", "data": "aGk\u002b\/w==",
            "partition\u004bey": "k\u00e9\"", "approximateArrivalTimestamp": 1767225600.5}}]}"#;
        assert!(!is_regular(event));
        let batch = KinesisBatch::read(raw(event)).unwrap();
        let records = batch.records();
        assert_eq!(records[0].position.sequence_number, Some("49"));
        assert_eq!(records[0].partition_key, Some("k\u{e9}\""));
        assert_eq!(records[0].data, Ok(&b"hi>\xff"[..]));
    }

    #[test]
    fn malformed_records_do_not_affect_regular_ones() {
        let whole = KinesisBatch::regular(raw(EVENT)).unwrap();
        let whole = whole.records();
        for strange in [
            "7",
            "{}",
            r#"{"kinesis": [{"data": ""}]}"#,
            r#"{"kinesis": {"sequenceNumber": "", "data": ""}}"#,
            r#"{"kinesis": {"sequenceNumber": "1", "data": 5}}"#,
            r#"{"kinesis": {"sequenceNumber": 1, "data": ""}}"#,
            r#"{"kinesis": {"sequenceNumber": "1", "data": "", "partitionKey": {}}}"#,
            r#"{"kinesis": {"sequenceNumber": "1", "data": "", "approximateArrivalTimestamp": 1e999}}"#,
            r#"{"kinesis": {"sequenceNumber": "1", "data": "", "approximateArrivalTimestamp": "1"}}"#,
            r#"{"kinesis": {"sequenceNumber": "1", "sequenceNumber": "2", "data": ""}}"#,
            r#"{"kinesis": {"sequenceNumber": "1", "data": ""}, "kinesis": {}}"#,
        ] {
            let mixed = EVENT.replace(r#"],"more""#, &format!(r#",{strange}],"more""#));
            assert!(!is_regular(&mixed), "{strange}");
            let mixed = KinesisBatch::read(raw(&mixed)).unwrap();
            let mixed = mixed.records();
            assert_eq!((mixed.len(), &mixed[..3]), (4, &whole[..]), "{strange}");
        }
    }
}
