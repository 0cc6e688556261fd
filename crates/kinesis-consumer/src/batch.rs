//! The event of a Kinesis event source mapping.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

use crate::{Record, record, records::Records, regular};

/// A batch of Kinesis records, aggregated ones taken apart.
///
/// A strange record does not fail the others: it is kept as it came.
#[derive(Debug)]
pub struct KinesisBatch {
    records: Option<Records>,
}

/// The event has no `Records`, so it is of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event is not one of a Kinesis event source mapping: it has no `Records`")]
pub struct NotKinesis;

#[derive(Deserialize)]
struct AnyBatch<'a> {
    #[serde(rename = "Records", borrow)]
    records: Option<Vec<&'a RawValue>>,
}

impl<'de> Deserialize<'de> for KinesisBatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::read(&raw).map_err(D::Error::custom)
    }
}

impl KinesisBatch {
    /// Reads an event, as [`Deserialize`] does.
    ///
    /// # Errors
    ///
    /// When it is no object, or its `Records` is no list.
    pub fn read(event: &RawValue) -> Result<Self, serde_json::Error> {
        Self::regular(event).map_or_else(|| Self::any(event), Ok)
    }

    fn any(event: &RawValue) -> Result<Self, serde_json::Error> {
        let batch: AnyBatch<'_> = serde_json::from_str(event.get())?;
        let records = batch.records.map(|all| {
            let mut records = Records::with_capacity(event.get().len());
            for (index, raw) in all.into_iter().enumerate() {
                record::read(index, raw.get(), &mut records);
            }
            records
        });
        Ok(Self { records })
    }

    /// Reads an event whose every record has the form that Kinesis gives it, at a fraction of the cost. `None`
    /// for any other, which may still be a batch: [`read`](Self::read) reads both.
    pub fn regular(event: &RawValue) -> Option<Self> {
        regular::read(event).map(|records| Self {
            records: Some(records),
        })
    }

    /// Lists the records in their order.
    ///
    /// # Errors
    ///
    /// When the event is of another kind.
    pub fn records(&self) -> Result<Vec<Record<'_>>, NotKinesis> {
        let records = self.records.as_ref().ok_or(NotKinesis)?;
        Ok(records.iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_another_kind_has_no_records() {
        let batch: KinesisBatch = serde_json::from_str(r#"{"action": "refresh"}"#).unwrap();
        assert_eq!(batch.records().unwrap_err(), NotKinesis);
    }

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).unwrap()
    }

    /// Whether an event is a regular one. Then both ways of reading say the same of it.
    fn is_regular(text: &str) -> bool {
        let (regular, any) = (
            KinesisBatch::regular(raw(text)),
            KinesisBatch::any(raw(text)),
        );
        if let Some(regular) = &regular {
            assert_eq!(
                regular.records().unwrap(),
                any.unwrap().records().unwrap(),
                "{text}"
            );
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
        let records = batch.records().unwrap();
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
    fn an_event_is_read_alike_in_both_ways_whatever_byte_of_it_changes() {
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
    fn what_is_escaped_comes_without_its_escapes() {
        let event = r#"{"Records": [{"kinesis": {"sequenceNumber": "4\u0039", "data": "aGk\u002b\/w==",
            "partition\u004bey": "k\u00e9\"", "approximateArrivalTimestamp": 1767225600.5}}]}"#;
        assert!(!is_regular(event));
        let batch = KinesisBatch::read(raw(event)).unwrap();
        let records = batch.records().unwrap();
        assert_eq!(records[0].position.sequence_number, Some("49"));
        assert_eq!(records[0].partition_key, Some("k\u{e9}\""));
        assert_eq!(records[0].data, Ok(&b"hi>\xff"[..]));
    }

    #[test]
    fn a_record_is_read_alike_among_regular_and_among_strange_ones() {
        let whole = KinesisBatch::regular(raw(EVENT)).unwrap();
        let whole = whole.records().unwrap();
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
            let mixed = mixed.records().unwrap();
            assert_eq!((mixed.len(), &mixed[..3]), (4, &whole[..]), "{strange}");
        }
    }
}
