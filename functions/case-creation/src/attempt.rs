//! One Case on its way to Salesforce, and what each answer means for it.

use std::borrow::Cow;

use jiff::Timestamp;
use kinesis_consumer::Outcome;

use crate::{
    Class, ErrorCodes,
    case::Case,
    reply::{DuplicateOf, Item, Refusal, duplicate_of},
};

/// How the delivery of one Case ended: created, there before, never to be, or not known yet.
pub(crate) type Verdict = Outcome<Refusal>;

/// One Case on its way.
pub(crate) struct Attempt<'a> {
    pub(crate) case: &'a Case,
    pub(crate) state: State,
    /// Since when a Case may have been created without our knowing.
    pub(crate) lost_since: Option<Timestamp>,
}

/// How far it is.
pub(crate) enum State {
    Open {
        cause: Cow<'static, str>,
    },
    /// Refused with a code in no row of the table: permanent when the tries run out.
    Unheard(Refusal),
    /// A duplicate that has to be looked at.
    Ask {
        refusal: Refusal,
        ours: bool,
    },
    /// Final.
    Done(Verdict),
}

/// What a call means for the calls after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Next {
    Go,
    Again,
    Smaller,
    Stop,
}

/// By what an answer is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) codes: &'a ErrorCodes,
    pub(crate) external_id: &'a str,
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(case: &'a Case) -> Self {
        Self {
            case,
            state: State::Open {
                cause: Cow::Borrowed("out of time"),
            },
            lost_since: None,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    /// Takes the result of a call that began at `started`.
    pub(crate) fn judge(&mut self, item: Item, started: Timestamp, rules: Rules<'_>) -> Next {
        let refusal = match item {
            Item::Created => {
                self.state = State::Done(Verdict::Success);
                return Next::Go;
            }
            Item::Unreadable => {
                self.lost("its result could not be read", started);
                return Next::Again;
            }
            Item::Failed(refusal) => refusal,
        };
        let class = rules.codes.code(&refusal.code);
        match class {
            Class::Duplicate => {
                self.state = match duplicate_of(&refusal, rules.external_id) {
                    DuplicateOf::OurField if self.lost_since.is_none() => {
                        State::Done(Verdict::Neutral)
                    }
                    DuplicateOf::OurField => State::Ask {
                        refusal,
                        ours: true,
                    },
                    DuplicateOf::Unknown => State::Ask {
                        refusal,
                        ours: false,
                    },
                    DuplicateOf::AnotherField => State::Done(Verdict::Permanent(refusal)),
                };
                Next::Go
            }
            Class::Permanent => {
                self.state = State::Done(Verdict::Permanent(refusal));
                Next::Go
            }
            Class::Unknown => {
                self.state = State::Unheard(refusal);
                Next::Again
            }
            Class::Token | Class::Retry | Class::Lock | Class::Limit => {
                self.state = State::Open {
                    cause: refusal.code.into(),
                };
                Next::after(class)
            }
        }
    }

    pub(crate) fn open(&mut self, cause: &str) {
        self.state = State::Open {
            cause: Cow::Owned(cause.to_owned()),
        };
    }

    pub(crate) fn lost(&mut self, cause: &str, started: Timestamp) {
        self.open(cause);
        self.lost_since.get_or_insert(started);
    }

    /// Has a refusal looked at where an earlier call may have created the Case: what is refused now may
    /// be there.
    pub(crate) fn doubt(&mut self) {
        if self.lost_since.is_none() {
            return;
        }
        if let State::Done(Verdict::Permanent(refusal)) | State::Unheard(refusal) = &self.state {
            let refusal = refusal.clone();
            self.state = State::Ask {
                refusal,
                ours: false,
            };
        }
    }

    pub(crate) fn verdict(self, out_of_tries: bool) -> Verdict {
        match self.state {
            State::Done(verdict) => verdict,
            State::Unheard(refusal) if out_of_tries => Verdict::Permanent(refusal),
            State::Unheard(refusal) | State::Ask { refusal, .. } => {
                Verdict::Retryable(refusal.code)
            }
            State::Open { cause } => Verdict::Retryable(cause.into_owned()),
        }
    }
}

impl Next {
    /// What an error of a passing class means for the calls after it.
    pub(crate) fn after(class: Class) -> Self {
        match class {
            Class::Lock => Self::Smaller,
            Class::Limit => Self::Stop,
            _ => Self::Again,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> Case {
        Case::of_parent(None)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_result_that_cannot_be_read_may_be_a_case() {
        let (case, codes) = (case(), ErrorCodes::shipped().unwrap());
        let rules = Rules {
            codes: &codes,
            external_id: "TT_Event_Id__c",
        };
        let mut attempt = Attempt::new(&case);
        let next = attempt.judge(Item::Unreadable, at(5), rules);
        assert_eq!((next, attempt.lost_since), (Next::Again, Some(at(5))));
        // It may have been created since the first such call.
        attempt.judge(Item::Unreadable, at(9), rules);
        assert_eq!(attempt.lost_since, Some(at(5)));
    }

    #[test]
    fn a_limit_that_one_record_meets_ends_the_calls_and_a_lock_makes_them_smaller() {
        let (case, codes) = (case(), ErrorCodes::shipped().unwrap());
        let rules = Rules {
            codes: &codes,
            external_id: "TT_Event_Id__c",
        };
        let next = |code| {
            let refusal = Refusal::new(code, "");
            Attempt::new(&case).judge(Item::Failed(refusal), at(5), rules)
        };
        assert_eq!(next("REQUEST_LIMIT_EXCEEDED"), Next::Stop);
        assert_eq!(next("UNABLE_TO_LOCK_ROW"), Next::Smaller);
        assert_eq!(next("SERVER_UNAVAILABLE"), Next::Again);
    }
}
