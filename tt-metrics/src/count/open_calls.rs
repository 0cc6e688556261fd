//! Calls that began and have not ended: counted as interrupted at a last moment, and not a second time when they end after all.
//!
//! A call that was claimed as interrupted may still end, since a last moment may pass. Its outcome is then withheld, so
//! what is sent of a site is never more than what began. Which of the calls that end was the claimed one is not known,
//! and does not matter to the sums.

use std::collections::BTreeMap;

use crate::declare::kind::Kind;

/// How many outcomes a call may have.
pub(crate) const OUTCOMES: usize = Kind::ALL.len() - 1;

/// What to do about calls that are open when counts are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StillOpen {
    /// They will be counted when they end.
    Wait,
    /// They may never end: they count as interrupted.
    Interrupt,
}

/// Everything that a site ever counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Success, failure, neutral, interrupted.
    pub(crate) outcomes: [u64; OUTCOMES],
    /// Read after the outcomes, so that a call that ended is always one that began.
    pub(crate) began: u64,
}

/// What was claimed of each site that has claims.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls(BTreeMap<usize, Claims>);

/// The claims of one site; all numbers only grow.
#[derive(Debug, Default)]
struct Claims {
    claimed: u64,
    withheld: [u64; OUTCOMES],
    /// The outcomes when they were looked at last.
    seen: [u64; OUTCOMES],
}

impl OpenCalls {
    /// What there is to send of a site: its outcomes without those withheld, and with its claims among the interrupted.
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
    /// How many claimed calls are taken for open.
    fn pending(&self) -> u64 {
        self.claimed.saturating_sub(sum(self.withheld))
    }

    /// Withholds outcomes only once there are not enough other calls that they could be of.
    fn withhold(&mut self, counted: Counted, ended: u64) {
        let sent = ended.saturating_sub(sum(self.withheld)) + self.claimed;
        let mut surplus = sent.saturating_sub(counted.began).min(self.pending());
        // A claimed call that was dropped is interrupted indeed. Of the others, a failure is hidden last.
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
