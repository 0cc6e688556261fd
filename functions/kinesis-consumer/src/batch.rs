//! The event of a Kinesis event source mapping.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Record;

/// A batch of Kinesis records.
///
/// Each record is decoded on its own, later, so that a strange one cannot fail the others.
#[derive(Debug, Deserialize)]
pub struct KinesisBatch {
    #[serde(rename = "Records")]
    records: Option<Vec<Box<RawValue>>>,
}

/// The event has no `Records`, so it is of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event is not one of a Kinesis event source mapping: it has no `Records`")]
pub struct NotKinesis;

impl KinesisBatch {
    /// Decodes the records and takes aggregated ones apart, in their order.
    ///
    /// # Errors
    ///
    /// When the event is of another kind.
    pub fn records(&self) -> Result<Vec<Record>, NotKinesis> {
        let raw = self.records.as_ref().ok_or(NotKinesis)?;
        let each = raw.iter().enumerate();
        Ok(each
            .flat_map(|(index, raw)| Record::read(index, raw.get()))
            .collect())
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
}
