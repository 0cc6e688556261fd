//! How far a batch is.

use crate::{BatchResponse, Record, Settled};

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Records done by this invocation.
    pub succeeded: u64,
    /// Records with nothing left to do.
    pub neutral: u64,
    /// Records that will never be done, parked by this invocation.
    pub failed: u64,
    /// The answer to the event source mapping.
    pub response: BatchResponse,
}

/// The state of a batch on its way.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    records: &'a [Record<'a>],
    summary: Summary,
    /// The first record that has to be delivered again, with everything after it.
    again_from: Option<usize>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(records: &'a [Record<'a>]) -> Self {
        Self {
            records,
            summary: Summary::default(),
            again_from: None,
        }
    }

    /// Whether something has to be delivered again.
    pub(crate) fn is_blocked(&self) -> bool {
        self.again_from.is_some()
    }

    /// Whether a record is out of what is delivered again.
    pub(crate) fn is_before_block(&self, place: usize) -> bool {
        self.again_from.is_none_or(|first| place < first)
    }

    pub(crate) fn count(&mut self, settled: Settled) {
        let counter = match settled {
            Settled::Success => &mut self.summary.succeeded,
            Settled::Neutral => &mut self.summary.neutral,
            Settled::Failure => &mut self.summary.failed,
        };
        *counter += 1;
    }

    /// Has the record at `place` delivered again, together with all that share its Kinesis record.
    pub(crate) fn block(&mut self, place: usize, cause: &str) {
        let index = |record: &Record<'_>| record.position.index;
        let own = self.records.get(place).map(index);
        let whole = self.records.partition_point(|r| Some(index(r)) < own);
        if self.is_before_block(whole) {
            tracing::error!(record = own, cause, "record has to be delivered again");
            self.again_from = Some(whole);
        }
    }

    pub(crate) fn finish(self) -> Summary {
        let mut summary = self.summary;
        if let Some(place) = self.again_from {
            // A record without a number is reported by the nearest before it.
            let mut known = self.records.iter().take(place + 1).rev();
            let number = known.find_map(|r| r.position.sequence_number);
            summary.response = BatchResponse::again_from(number.map(str::to_owned));
        }
        tracing::info!(
            records = self.records.len(),
            succeeded = summary.succeeded,
            neutral = summary.neutral,
            failed = summary.failed,
            again_from = self.again_from,
            "batch done"
        );
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Position;

    fn records(places: &[(usize, Option<&'static str>)]) -> Vec<Record<'static>> {
        let record = |(index, number): &(usize, Option<&'static str>)| Record {
            position: Position {
                index: *index,
                sequence_number: *number,
                sub_sequence_number: None,
            },
            arrived_at: None,
            partition_key: None,
            data: Ok(b""),
        };
        places.iter().map(record).collect()
    }

    fn reported(records: &[Record<'_>], place: usize) -> BatchResponse {
        let mut progress = Progress::new(records);
        progress.block(place, "");
        progress.finish().response
    }

    #[test]
    fn the_number_at_or_before_the_record_is_reported() {
        let records = records(&[(0, Some("9")), (1, Some("10")), (2, None)]);
        let number = |text: &str| BatchResponse::again_from(Some(text.to_owned()));
        assert_eq!(reported(&records, 1), number("10"));
        assert_eq!(reported(&records, 2), number("10"));
        assert_eq!(reported(&records[2..], 0), BatchResponse::again_from(None));
    }

    #[test]
    fn what_shares_a_kinesis_record_comes_again_together() {
        let records = records(&[(0, Some("9")), (1, Some("10")), (1, Some("10"))]);
        let mut progress = Progress::new(&records);
        progress.block(2, "");
        assert!(progress.is_before_block(0) && !progress.is_before_block(1));
    }

    #[test]
    fn the_lowest_record_is_reported() {
        let records = records(&[(0, Some("9")), (1, Some("10"))]);
        let mut progress = Progress::new(&records);
        progress.block(1, "");
        progress.block(0, "");
        progress.block(1, "");
        let expected = BatchResponse::again_from(Some("9".to_owned()));
        assert_eq!(progress.finish().response, expected);
    }
}
