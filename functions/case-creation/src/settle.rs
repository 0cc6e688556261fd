//! The final outcome of a record, counted once.

use kinesis_consumer::Settled;
use tt_metrics::Outcome;

/// Counts the final outcome of one TT event: a Case created, or none ever.
///
/// Called once for each record, after the fact that it counts: after Salesforce created the Case,
/// after the bucket took the parked record. A record that will be delivered again is not settled.
#[tt_metrics::count_outcome(success = "SFCaseCreated", failure = "SFCaseFailed", by = outcome)]
pub(crate) fn settle(settled: Settled) -> Settled {
    settled
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "a classifier takes what the function returns by reference"
)]
fn outcome(settled: &Settled) -> Outcome {
    match settled {
        Settled::Success => Outcome::Success,
        Settled::Neutral => Outcome::Neutral,
        Settled::Failure => Outcome::Failure,
    }
}
