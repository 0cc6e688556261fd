//! The event of a Kinesis event source mapping.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

use crate::{Record, record::Fields};

/// A batch of Kinesis records, aggregated ones taken apart.
///
/// A strange record does not fail the others: it is kept as it came.
#[derive(Debug)]
pub struct KinesisBatch {
    records: Option<Vec<Record>>,
}

/// The event has no `Records`, so it is of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event is not one of a Kinesis event source mapping: it has no `Records`")]
pub struct NotKinesis;

/// A batch in which nothing is strange: read in one go, borrowed from the event.
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
    sequence_number: String,
    #[serde(borrow)]
    data: Cow<'a, str>,
    partition_key: Option<String>,
    approximate_arrival_timestamp: Option<f64>,
}

#[derive(Deserialize)]
struct AnyBatch<'a> {
    #[serde(rename = "Records", borrow)]
    records: Option<Vec<&'a RawValue>>,
}

impl<'de> Deserialize<'de> for KinesisBatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if let Some(batch) = Self::regular(raw.get()) {
            return Ok(batch);
        }
        let batch: AnyBatch<'_> = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        let records = batch.records.map(|all| {
            let mut records = Vec::with_capacity(all.len());
            for (index, raw) in all.into_iter().enumerate() {
                Record::read(index, raw.get(), &mut records);
            }
            records
        });
        Ok(Self { records })
    }
}

impl KinesisBatch {
    /// Reads the JSON of an event whose every record has the form that Kinesis gives it. `None` for any
    /// other, which may still be a batch, of strange records; [`Deserialize`] reads both.
    pub fn regular(event: &str) -> Option<Self> {
        let batch: RegularBatch<'_> = serde_json::from_str(event).ok()?;
        let mut records = Vec::with_capacity(batch.records.len());
        for (index, record) in batch.records.into_iter().enumerate() {
            let kinesis = record.kinesis;
            if kinesis.sequence_number.is_empty() {
                return None;
            }
            let fields = Fields {
                index,
                sequence_number: Some(kinesis.sequence_number),
                partition_key: kinesis.partition_key,
                arrived_at: kinesis.approximate_arrival_timestamp,
            };
            fields.record(kinesis.data, &mut records);
        }
        Some(Self {
            records: Some(records),
        })
    }

    /// The records in their order.
    ///
    /// # Errors
    ///
    /// When the event is of another kind.
    pub fn records(&self) -> Result<&[Record], NotKinesis> {
        self.records.as_deref().ok_or(NotKinesis)
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

    #[test]
    fn a_record_is_read_alike_among_regular_and_among_strange_ones() {
        let regular = r#"{"eventID": "shardId-0:8", "kinesis": {"sequenceNumber": "7", "data": "aGk=",
            "partitionKey": "k\u00e9", "approximateArrivalTimestamp": 1767225600.5}}"#;
        let escaped =
            r#"{"kinesis": {"sequenceNumber": "8", "data": "\/w==", "partitionKey": null}}"#;
        let broken = r#"{"kinesis": {"sequenceNumber": "9", "data": "***"}}"#;
        let only = format!(r#"{{"Records": [{regular}, {escaped}, {broken}]}}"#);
        for strange in [
            "7",
            "{}",
            r#"{"kinesis": {"sequenceNumber": "", "data": ""}}"#,
            r#"{"kinesis": {"sequenceNumber": "1", "data": "", "approximateArrivalTimestamp": 1e999}}"#,
            r#"{"kinesis": {"sequenceNumber": "1", "sequenceNumber": "2", "data": ""}}"#,
        ] {
            let mixed = format!(r#"{{"Records": [{regular}, {escaped}, {broken}, {strange}]}}"#);
            assert!(KinesisBatch::regular(&mixed).is_none(), "{strange}");
            let mixed: KinesisBatch = serde_json::from_str(&mixed).unwrap();
            let only = KinesisBatch::regular(&only).unwrap();
            let (mixed, only) = (mixed.records().unwrap(), only.records().unwrap());
            assert_eq!((mixed.len(), &mixed[..3]), (4, only), "{strange}");
        }
    }
}
