//! The kinds of counts of a site.

use crate::metric::Outcome;

/// A kind of count; each site has one cell for each kind.
///
/// The outcomes have the discriminants of `Outcome`, and success and failure those of `Result`, so the usual outcome is
/// converted to the index of its cell without an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Kind {
    Success = 0,
    Failure = 1,
    Neutral = 2,
    Interrupted = 3,
    Calls = 4,
    /// Calls that began, for sites that track open calls. It has no metric.
    Began = 5,
}

impl Kind {
    /// Every kind that has a metric: calls, then the outcomes.
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
