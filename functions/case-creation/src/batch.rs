//! The event of a Kinesis event source mapping, and the answer to it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A batch of Kinesis records.
///
/// Each record is decoded on its own, later, so that a strange one cannot fail the others.
#[derive(Debug, Deserialize)]
pub struct KinesisBatch {
    #[serde(rename = "Records")]
    records: Option<Vec<Box<RawValue>>>,
}

/// A record as it came: where it stands, and its bytes.
pub(crate) struct Received {
    /// A big decimal number; compared by nobody, since the batch is in order.
    pub(crate) sequence_number: Option<String>,
    /// The data, or the text of a record that holds no readable data.
    pub(crate) data: Result<Vec<u8>, Unreadable>,
}

/// A record without data that can be read.
pub(crate) struct Unreadable {
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

/// Which record the mapping has to deliver again, with everything after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordText<'a> {
    #[serde(rename = "eventID")]
    event_id: Option<String>,
    #[serde(borrow)]
    kinesis: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KinesisText {
    sequence_number: Option<String>,
    data: Option<String>,
}

impl KinesisBatch {
    /// The records in their order; `None` when the event has none, so is of another kind.
    pub(crate) fn received(&self) -> Option<Vec<Received>> {
        let records = self.records.as_ref()?;
        Some(records.iter().map(|raw| Received::read(raw)).collect())
    }
}

impl Received {
    fn read(raw: &RawValue) -> Self {
        let outer: Option<RecordText<'_>> = serde_json::from_str(raw.get()).ok();
        let inner: Option<KinesisText> = outer
            .as_ref()
            .and_then(|outer| outer.kinesis)
            .and_then(|kinesis| serde_json::from_str(kinesis.get()).ok());
        let (sequence_number, data) = match inner {
            Some(inner) => (inner.sequence_number, inner.data),
            None => (None, None),
        };
        // `eventID` is `shardId-000000000000:<sequence number>`.
        let from_event_id = || {
            let event_id = outer.and_then(|outer| outer.event_id)?;
            let (_, number) = event_id.rsplit_once(':')?;
            Some(number.to_owned())
        };
        Self {
            sequence_number: sequence_number
                .or_else(from_event_id)
                .filter(|number| !number.is_empty()),
            data: match data {
                None => Err(Unreadable {
                    code: "NO_KINESIS_DATA",
                    text: raw.get().to_owned(),
                }),
                Some(text) => STANDARD.decode(&text).map_err(|_| Unreadable {
                    code: "NOT_BASE64",
                    text,
                }),
            },
        }
    }
}

impl BatchResponse {
    /// Asks for everything from record `index` on, by the nearest sequence number at or before it.
    /// With none, the identifier is empty: Lambda then delivers the whole batch again.
    pub(crate) fn again_from(index: usize, sequence_numbers: &[Option<String>]) -> Self {
        let known = sequence_numbers
            .iter()
            .take(index + 1)
            .rev()
            .flatten()
            .next();
        Self {
            batch_item_failures: vec![ItemFailure {
                item_identifier: known.cloned().unwrap_or_default(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(records: &str) -> Vec<Received> {
        let text = format!(r#"{{"Records": [{records}]}}"#);
        let batch: KinesisBatch = serde_json::from_str(&text).unwrap();
        batch.received().unwrap()
    }

    #[test]
    fn strange_records_stay_alone() {
        let all = received(
            r#"{"kinesis": {"sequenceNumber": "7", "data": "aGk=", "approximateArrivalTimestamp": 1.5}},
               7, null,
               {"eventID": "shardId-0:8", "kinesis": {"data": 5}},
               {"kinesis": {"sequenceNumber": "9", "data": "***"}},
               {"kinesis": {"sequenceNumber": "10", "data": "", "approximateArrivalTimestamp": "x"}}"#,
        );
        let first = &all[0];
        assert_eq!(first.sequence_number.as_deref(), Some("7"));
        assert_eq!(first.data.as_ref().ok().unwrap(), b"hi");
        assert_eq!(all[1].data.as_ref().err().unwrap().text, "7");
        assert_eq!(all[2].data.as_ref().err().unwrap().code, "NO_KINESIS_DATA");
        assert_eq!(all[3].sequence_number.as_deref(), Some("8"));
        assert_eq!(all[4].data.as_ref().err().unwrap().code, "NOT_BASE64");
        assert_eq!(all[5].data.as_ref().ok().unwrap(), b"");
    }

    #[test]
    fn an_event_of_another_kind_has_no_records() {
        let batch: KinesisBatch = serde_json::from_str(r#"{"action": "refresh"}"#).unwrap();
        assert!(batch.received().is_none());
    }

    #[test]
    fn the_answer_has_the_form_that_the_mapping_reads() {
        let empty = serde_json::to_string(&BatchResponse::default()).unwrap();
        assert_eq!(empty, r#"{"batchItemFailures":[]}"#);
        let numbers = [Some("9".to_owned()), Some("10".to_owned()), None];
        let text = |index| serde_json::to_string(&BatchResponse::again_from(index, &numbers));
        let expected = r#"{"batchItemFailures":[{"itemIdentifier":"10"}]}"#;
        assert_eq!(text(1).unwrap(), expected);
        assert_eq!(text(2).unwrap(), expected);
    }
}
