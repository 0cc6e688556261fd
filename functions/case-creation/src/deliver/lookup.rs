//! Looks up a Case by its external id, and determines whether a call of this process created it.
//!
//! The time of creation decides: a Case that is younger than a call whose answer was lost was created by that call, unless
//! this process has counted it before. In one case this is wrong: another process created and counted the Case within
//! [`CLOCK_SKEW`] before a call of this process whose answer is lost, too. Salesforce offers no way to exclude that without
//! a second custom field in every org, or a second request for each call: an upsert reports `created` in the very answer
//! that is lost and overwrites the changes of agents, and `CreatedDate` has whole seconds.

use jiff::{SignedDuration, Timestamp};

use super::salesforce::{CallError, FoundCase, Session};
use crate::{deduplicate::Memory, ending::Ending};

/// The largest difference between the clocks of Salesforce and of this machine. `CreatedDate` has whole seconds, so one
/// of these is for rounding.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(3);

/// The lookups of one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) session: Session<'a>,
    pub(crate) external_id: &'a str,
    pub(crate) memory: &'a Memory,
}

impl Lookup<'_> {
    /// Finds the Case of an event. `None` when there is none; [`Ending::Created`] when a call of this process that began
    /// at `lost_since` or later created it.
    pub(crate) async fn ending(
        &self,
        event_id: &str,
        lost_since: Option<Timestamp>,
    ) -> Result<Option<Ending>, CallError> {
        let found = self.session.find(self.external_id, event_id).await?;
        Ok(found.map(|case| {
            if self.is_created_since(event_id, case, lost_since) {
                Ending::Created
            } else {
                Ending::NothingToDo
            }
        }))
    }

    fn is_created_since(
        &self,
        event_id: &str,
        case: FoundCase,
        lost_since: Option<Timestamp>,
    ) -> bool {
        is_younger(case, lost_since) && !self.memory.has_counted(event_id)
    }
}

fn is_younger(case: FoundCase, lost_since: Option<Timestamp>) -> bool {
    let both = lost_since.zip(case.created_at);
    both.is_some_and(|(since, created)| created >= since - CLOCK_SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_belongs_to_a_lost_call_from_shortly_before_it_on() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let is_ours = |created: Option<i64>, since: Option<i64>| {
            let created_at = created.map(at);
            is_younger(FoundCase { created_at }, since.map(at))
        };
        assert!(is_ours(Some(100), Some(100)) && is_ours(Some(100), Some(103)));
        assert!(!is_ours(Some(100), Some(104)));
        assert!(!is_ours(None, Some(100)) && !is_ours(Some(100), None));
    }
}
