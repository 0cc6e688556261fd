//! The final outcome of a record, counted once.

use tt_metrics::Outcome;

/// How a record ended, for good.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// A Case was created for it.
    Created,
    /// Nothing was left to do: the Case existed, or the record is a copy or was parked before.
    Nothing,
    /// No Case will be created; the record is parked.
    Failed,
}

/// Counts the final outcome of one TT event: a Case created, or none ever.
///
/// Called once for each record, after the fact that it counts: after Salesforce created the Case,
/// after the bucket took the parked record. A record that will be delivered again is not settled.
#[tt_metrics::count_outcome(success = "SFCaseCreated", failure = "SFCaseFailed", by = outcome)]
pub(crate) fn settle(settled: Settled) -> Settled {
    settled
}

fn outcome(settled: &Settled) -> Outcome {
    match settled {
        Settled::Created => Outcome::Success,
        Settled::Nothing => Outcome::Neutral,
        Settled::Failed => Outcome::Failure,
    }
}
