//! The send state of one Case, and the meaning of each answer for it.

use std::borrow::Cow;

use jiff::Timestamp;

use super::salesforce::{DuplicateOf, ErrorClass, ErrorCodes, RecordReply, duplicate_of};
use crate::{
    ending::{Ending, Rejection},
    map::Case,
};

/// One Case that is being sent.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) event_id: &'a str,
    pub(crate) case: &'a Case,
    pub(crate) state: SendState,
    /// The begin of the first call that may have created the Case and whose answer was lost.
    pub(crate) lost_since: Option<Timestamp>,
}

/// The send state of a Case.
#[derive(Debug)]
pub(crate) enum SendState {
    /// Not created yet.
    Pending {
        /// Why not.
        cause: Cow<'static, str>,
    },
    /// Rejected with an error that the table does not contain.
    UnknownError(Rejection),
    /// Rejected, but the Case may exist: it has to be looked up.
    LookUp {
        rejection: Rejection,
        /// Whether Salesforce reported a duplicate of the external id, so the Case exists even if it cannot be found.
        exists: bool,
    },
    Ended(Ending),
}

/// The consequence of a call for the following ones; a later one takes precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NextCall {
    Continue,
    Retry,
    /// Fewer records in a call help.
    Smaller,
    /// A record voided the whole call and has to be isolated.
    Isolate,
    /// Further calls would fail, too.
    Stop,
}

/// The rules by which an answer is interpreted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerRules<'a> {
    pub(crate) codes: &'a ErrorCodes,
    pub(crate) external_id: &'a str,
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(event_id: &'a str, case: &'a Case) -> Self {
        Self {
            event_id,
            case,
            state: SendState::Pending {
                cause: Cow::Borrowed("out of time"),
            },
            lost_since: None,
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, SendState::Ended(_))
    }

    /// Applies the result of a call that began at `started`.
    pub(crate) fn apply(
        &mut self,
        reply: RecordReply,
        started: Timestamp,
        rules: AnswerRules<'_>,
    ) -> NextCall {
        let rejection = match reply {
            Some(Ok(())) => {
                self.state = SendState::Ended(Ending::Created);
                return NextCall::Continue;
            }
            None => {
                self.answer_lost("its result could not be read", started);
                return NextCall::Retry;
            }
            Some(Err(rejection)) => rejection,
        };
        let class = rules.codes.record(&rejection);
        match class {
            ErrorClass::Duplicate => {
                self.state = match duplicate_of(&rejection, rules.external_id) {
                    DuplicateOf::ExternalId if self.lost_since.is_none() => {
                        SendState::Ended(Ending::NothingToDo)
                    }
                    DuplicateOf::ExternalId => SendState::LookUp {
                        rejection,
                        exists: true,
                    },
                    DuplicateOf::Unknown => SendState::LookUp {
                        rejection,
                        exists: false,
                    },
                    DuplicateOf::AnotherField => SendState::Ended(Ending::Rejected(rejection)),
                };
                NextCall::Continue
            }
            ErrorClass::Permanent => {
                self.state = SendState::Ended(Ending::Rejected(rejection));
                NextCall::Continue
            }
            ErrorClass::Unknown => {
                self.state = SendState::UnknownError(rejection);
                NextCall::Retry
            }
            ErrorClass::Token
            | ErrorClass::Retry
            | ErrorClass::Lock
            | ErrorClass::Limit
            | ErrorClass::Mapping => {
                self.state = SendState::Pending {
                    cause: rejection.code,
                };
                NextCall::after(class)
            }
        }
    }

    /// Leaves the Case pending for this cause.
    pub(crate) fn leave_pending(&mut self, cause: &str) {
        self.state = SendState::Pending {
            cause: Cow::Owned(cause.to_owned()),
        };
    }

    /// Leaves the Case pending after a call that began at `started` and may have created it.
    pub(crate) fn answer_lost(&mut self, cause: &str, started: Timestamp) {
        self.leave_pending(cause);
        self.lost_since.get_or_insert(started);
    }

    /// Requests a lookup after a rejection when an earlier call may have created the Case.
    pub(crate) fn verify_rejection(&mut self) {
        if self.lost_since.is_none() {
            return;
        }
        if let SendState::Ended(Ending::Rejected(rejection)) | SendState::UnknownError(rejection) =
            &self.state
        {
            let rejection = rejection.clone();
            self.state = SendState::LookUp {
                rejection,
                exists: false,
            };
        }
    }

    /// Returns how the delivery ended. An unknown error rejects the record when `is_last` is set.
    pub(crate) fn ending(self, is_last: bool) -> Ending {
        match self.state {
            SendState::Ended(ending) => ending,
            SendState::UnknownError(rejection) if is_last => Ending::Rejected(rejection),
            SendState::UnknownError(rejection) | SendState::LookUp { rejection, .. } => {
                Ending::Retry(rejection.code)
            }
            SendState::Pending { cause } => Ending::Retry(cause),
        }
    }
}

impl NextCall {
    /// Returns the consequence of an error of a temporary class.
    pub(crate) fn after(class: ErrorClass) -> Self {
        match class {
            ErrorClass::Lock => Self::Smaller,
            ErrorClass::Limit | ErrorClass::Mapping => Self::Stop,
            _ => Self::Retry,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn with_rules<T>(test: impl FnOnce(&Case, AnswerRules<'_>) -> T) -> T {
        let (case, codes) = (Case::of_parent(None), ErrorCodes::shipped().unwrap());
        let rules = AnswerRules {
            codes: &codes,
            external_id: "TT_Event_Id__c",
        };
        test(&case, rules)
    }

    #[test]
    fn a_result_that_cannot_be_read_may_be_a_case() {
        with_rules(|case, rules| {
            let mut attempt = Attempt::new("e", case);
            let next = attempt.apply(None, at(5), rules);
            assert_eq!((next, attempt.lost_since), (NextCall::Retry, Some(at(5))));
            // The Case may have been created since the first such call.
            attempt.apply(None, at(9), rules);
            assert_eq!(attempt.lost_since, Some(at(5)));
        });
    }

    #[test]
    fn a_limit_of_one_record_stops_the_calls_and_a_lock_makes_them_smaller() {
        with_rules(|case, rules| {
            let next = |code: &'static str| {
                let rejection = Rejection::new(code, "");
                Attempt::new("e", case).apply(Some(Err(rejection)), at(5), rules)
            };
            assert_eq!(next("REQUEST_LIMIT_EXCEEDED"), NextCall::Stop);
            assert_eq!(next("STORAGE_LIMIT_EXCEEDED"), NextCall::Stop);
            assert_eq!(next("INVALID_FIELD"), NextCall::Stop);
            assert_eq!(next("UNABLE_TO_LOCK_ROW"), NextCall::Smaller);
            assert_eq!(next("SERVER_UNAVAILABLE"), NextCall::Retry);
        });
    }

    #[test]
    fn an_unknown_error_rejects_a_record_only_at_its_last_delivery() {
        with_rules(|case, rules| {
            let ending = |is_last| {
                let mut attempt = Attempt::new("e", case);
                let rejection = Rejection::new("NOT_IN_THE_TABLE", "m");
                attempt.apply(Some(Err(rejection)), at(5), rules);
                attempt.ending(is_last)
            };
            assert_eq!(ending(false), Ending::Retry("NOT_IN_THE_TABLE".into()));
            let rejection = Rejection::new("NOT_IN_THE_TABLE", "m");
            assert_eq!(ending(true), Ending::Rejected(rejection));
        });
    }
}
