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
