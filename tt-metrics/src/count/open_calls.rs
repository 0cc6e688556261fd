//! Calls that are open at the last moment of a process: counted as interrupted, and not a second time if they end later.
//!
//! A call that was counted as interrupted (claimed) may still end, because a process may continue after a moment that was
//! treated as its last. Its outcome is then withheld, so the outcomes that are sent never exceed the calls that began.
//! Which of the calls that end was the claimed one is unknown, and irrelevant for the sums.

use std::collections::BTreeMap;

use crate::declare::kind::Kind;

/// The number of outcomes.
pub(crate) const OUTCOMES: usize = Kind::ALL.len() - 1;

/// How a drain treats calls that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StillOpen {
    /// They are counted when they end.
    Wait,
    /// They may never end, so they are counted as interrupted.
    Interrupt,
}

/// The totals of a site since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Success, failure, neutral, interrupted.
    pub(crate) outcomes: [u64; OUTCOMES],
    /// Read after the outcomes, so that every call that ended is included.
    pub(crate) began: u64,
}

/// The claims of each site.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls(BTreeMap<usize, Claims>);

/// The claims of one site. All numbers only grow.
#[derive(Debug, Default)]
struct Claims {
    claimed: u64,
    withheld: [u64; OUTCOMES],
    /// The outcomes at the previous drain.
    seen: [u64; OUTCOMES],
}

impl OpenCalls {
    /// The outcomes to send for a site: without the withheld ones, and with the claims as interrupted.
    pub(crate) fn settle(
        &mut self,
        site: usize,
        counted: Counted,
        still_open: StillOpen,
    ) -> [u64; OUTCOMES] {
        let ended = sum(counted.outcomes);
        let open = counted.began.saturating_sub(ended);
        let has_claims = self.0.contains_key(&site);
        if !has_claims && (still_open == StillOpen::Wait || open == 0) {
            return counted.outcomes;
        }
        let claims = self.0.entry(site).or_default();
        claims.withhold(counted, ended);
        if still_open == StillOpen::Interrupt {
            claims.claimed += open.saturating_sub(claims.pending());
        }
        claims.of(counted.outcomes)
    }
}

impl Claims {
    /// The number of claimed calls that have not ended.
    fn pending(&self) -> u64 {
        self.claimed.saturating_sub(sum(self.withheld))
    }

    /// Withholds an outcome only when it can no longer belong to another call.
    fn withhold(&mut self, counted: Counted, ended: u64) {
        let sent = ended.saturating_sub(sum(self.withheld)) + self.claimed;
        let mut surplus = sent.saturating_sub(counted.began).min(self.pending());
        // A claimed call that was dropped is interrupted anyway. Of the other outcomes, a failure is withheld last.
        for outcome in [3, 0, 2, 1] {
            let at = (
                self.withheld.get_mut(outcome),
                counted.outcomes.get(outcome),
                self.seen.get(outcome),
            );
            if let (Some(withheld), Some(now), Some(before)) = at {
                let part = surplus.min(now.wrapping_sub(*before));
                *withheld += part;
                surplus -= part;
            }
        }
        self.seen = counted.outcomes;
    }

    fn of(&self, outcomes: [u64; OUTCOMES]) -> [u64; OUTCOMES] {
        let [success, failure, neutral, interrupted] = outcomes;
        let [no_success, no_failure, no_neutral, not_interrupted] = self.withheld;
        [
            success.wrapping_sub(no_success),
            failure.wrapping_sub(no_failure),
            neutral.wrapping_sub(no_neutral),
            interrupted
                .wrapping_sub(not_interrupted)
                .wrapping_add(self.claimed),
        ]
    }
}

fn sum(outcomes: [u64; OUTCOMES]) -> u64 {
    outcomes.into_iter().fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests;
