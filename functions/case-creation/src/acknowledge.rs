//! Last stage: the answer to the event source mapping.

use serde::Serialize;

use crate::{
    decode::Record,
    ledger::{RetryFrom, Totals},
};

/// The result of an invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Cases that this invocation created.
    pub succeeded: u64,
    /// Records that needed no work.
    pub neutral: u64,
    /// Records that will never be a Case, parked by this invocation.
    pub failed: u64,
    /// The answer to the event source mapping.
    pub response: BatchResponse,
}

/// The records that the event source mapping delivers again
/// ([partial batch responses](https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html)).
///
/// Of several identifiers of a stream Lambda takes the lowest, so there is at most one. Of a queue it takes each.
/// The default is success.
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

/// The progress of one batch.
#[derive(Debug)]
pub(crate) struct Acknowledgement<'a> {
    records: &'a [Record<'a>],
    summary: Summary,
    /// Index of the first Kinesis record that is delivered again, with everything after it.
    retry_from: Option<usize>,
}

impl Summary {
    /// Adds the counts of another batch.
    pub(crate) fn add(&mut self, other: &Self) {
        self.succeeded += other.succeeded;
        self.neutral += other.neutral;
        self.failed += other.failed;
    }
}

impl BatchResponse {
    /// Requests everything from this sequence number on again. Without a number the identifier is empty, and Lambda
    /// delivers the whole batch again.
    pub fn retry_from(sequence_number: Option<String>) -> Self {
        Self::retry([sequence_number.unwrap_or_default()])
    }

    /// Requests these messages of a queue again.
    pub fn retry(message_ids: impl IntoIterator<Item = String>) -> Self {
        let failure = |item_identifier| ItemFailure { item_identifier };
        Self {
            batch_item_failures: message_ids.into_iter().map(failure).collect(),
        }
    }
}

impl<'a> Acknowledgement<'a> {
    pub(crate) fn new(records: &'a [Record<'a>]) -> Self {
        Self {
            records,
            summary: Summary::default(),
            retry_from: None,
        }
    }

    /// Adds the outcomes of a chunk.
    pub(crate) fn add(&mut self, totals: Totals) {
        self.summary.succeeded += totals.created;
        self.summary.neutral += totals.neutral;
        self.summary.failed += totals.failed;
        if let Some(RetryFrom { index, cause }) = totals.retry {
            self.retry_from(index, &cause);
        }
    }

    /// Requests the Kinesis record with this index again, with everything after it.
    pub(crate) fn retry_from(&mut self, index: usize, cause: &str) {
        if self.retry_from.is_none_or(|first| index < first) {
            tracing::error!(record = index, cause, "record has to be delivered again");
            self.retry_from = Some(index);
        }
    }

    /// Whether a record is delivered again.
    pub(crate) fn is_partial(&self) -> bool {
        self.retry_from.is_some()
    }

    pub(crate) fn finish(self) -> Summary {
        let mut summary = self.summary;
        if let Some(first) = self.retry_from {
            // A record without a number is reported by the nearest one before it.
            let mut known = self.records.iter().rev();
            let number = known.find_map(|record| {
                let position = record.position;
                position.sequence_number.filter(|_| position.index <= first)
            });
            summary.response = BatchResponse::retry_from(number.map(str::to_owned));
        }
        tracing::info!(
            records = self.records.len(),
            succeeded = summary.succeeded,
            neutral = summary.neutral,
            failed = summary.failed,
            retry_from = self.retry_from,
            "batch done"
        );
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(positions: &[(usize, Option<&'static str>)]) -> Vec<Record<'static>> {
        let record = |(index, number): &(usize, Option<&'static str>)| {
            let mut record = Record::of(*number, b"");
            record.position.index = *index;
            record
        };
        positions.iter().map(record).collect()
    }

    fn reported(records: &[Record<'_>], indices: &[usize]) -> BatchResponse {
        let mut acknowledgement = Acknowledgement::new(records);
        for &index in indices {
            acknowledgement.retry_from(index, "");
        }
        acknowledgement.finish().response
    }

    #[test]
    fn the_number_at_or_before_the_record_is_reported() {
        let records = records(&[(0, Some("9")), (1, Some("10")), (2, None)]);
        let number = |text: &str| BatchResponse::retry_from(Some(text.to_owned()));
        assert_eq!(reported(&records, &[1]), number("10"));
        assert_eq!(reported(&records, &[2]), number("10"));
        assert_eq!(
            reported(&records[2..], &[2]),
            BatchResponse::retry_from(None)
        );
    }

    #[test]
    fn the_lowest_record_is_reported() {
        let records = records(&[(0, Some("9")), (1, Some("10"))]);
        let expected = BatchResponse::retry_from(Some("9".to_owned()));
        assert_eq!(reported(&records, &[1, 0, 1]), expected);
    }

    #[test]
    fn the_response_has_the_form_of_a_partial_batch_response() {
        let text = |response: &BatchResponse| serde_json::to_string(response).unwrap();
        assert_eq!(
            text(&BatchResponse::default()),
            r#"{"batchItemFailures":[]}"#
        );
        assert_eq!(
            text(&BatchResponse::retry_from(Some("10".to_owned()))),
            r#"{"batchItemFailures":[{"itemIdentifier":"10"}]}"#
        );
        assert_eq!(
            text(&BatchResponse::retry_from(None)),
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#
        );
        assert_eq!(
            text(&BatchResponse::retry(["a".to_owned(), "b".to_owned()])),
            r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}"#
        );
    }
}
