//! What one cell of a site counts.

use crate::metric::Outcome;

/// What a cell of a site counts.
///
/// The outcomes are numbered as `Outcome` is, and success and failure as `Result` tells them apart, so the usual outcome
/// becomes the index of its cell without an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Kind {
    Success = 0,
    Failure = 1,
    Neutral = 2,
    Interrupted = 3,
    Calls = 4,
    /// Calls that began, where open ones are to be known; no metric.
    Began = 5,
}

impl Kind {
    /// Every kind that a metric may count: calls, then their outcomes.
    pub(crate) const ALL: [Self; 5] = [
        Self::Calls,
        Self::Success,
        Self::Failure,
        Self::Neutral,
        Self::Interrupted,
    ];
}

impl From<Outcome> for Kind {
    #[inline]
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success,
            Outcome::Failure => Self::Failure,
            Outcome::Neutral => Self::Neutral,
            Outcome::Interrupted => Self::Interrupted,
        }
    }
}
