//! Cases to Salesforce: bounded retries inside the deadline, one verdict for each Case.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::{
    Class, Deadline, ErrorCodes,
    backoff::Backoff,
    record::Case,
    reply::{DuplicateOf, Item, Refusal, duplicate_of},
    salesforce::{CallError, Found, MAX_RECORDS_PER_CALL, Salesforce},
    token::{Token, Tokens},
};

/// How far the clocks of Salesforce and of this machine may be apart. `CreatedDate` has whole
/// seconds, so one of these goes to rounding.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(3);
/// Finding Cases one by one, so many at once.
const PARALLEL_FINDS: usize = 8;
/// Less time than this is not worth a call.
const SHORTEST_CALL: Duration = Duration::from_millis(50);

/// How the delivery of one Case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This invocation created it.
    Created,
    /// It existed before.
    Exists,
    /// There will be none.
    Refused(Refusal),
    /// Not known, or not yet: deliver it again.
    Later {
        /// The last thing that went wrong.
        cause: String,
    },
}

/// How often and how fast to try.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) attempts: u32,
    pub(crate) backoff: Backoff,
    pub(crate) longest_call: Duration,
}

/// The way to Salesforce, for one invocation.
pub(crate) struct Delivery<'a> {
    pub(crate) salesforce: &'a Salesforce,
    pub(crate) tokens: &'a Tokens,
    pub(crate) codes: &'a ErrorCodes,
    pub(crate) external_id: &'a str,
    pub(crate) patience: Patience,
    pub(crate) deadline: Deadline,
}

/// One Case on its way.
struct Attempt<'a> {
    case: &'a Case,
    state: State,
    /// Since when a Case may have been created without our knowing.
    lost_since: Option<Timestamp>,
}

enum State {
    Open {
        cause: String,
    },
    /// Refused with a code in no row of the table: permanent when the tries run out.
    Unheard(Refusal),
    /// A duplicate that has to be looked at.
    Ask {
        refusal: Refusal,
        ours: bool,
    },
    Done(Verdict),
}

/// What a call means for the calls after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Go,
    Again,
    Smaller,
    Stop,
}

impl Delivery<'_> {
    /// Creates the Cases and returns their verdicts, in order.
    pub(crate) async fn deliver(&self, cases: &[&Case]) -> Vec<Verdict> {
        let mut all: Vec<Attempt<'_>> = cases.iter().map(|case| Attempt::new(case)).collect();
        let mut size = MAX_RECORDS_PER_CALL;
        let mut attempt = 0;
        let mut out_of_tries = false;
        'tries: loop {
            let mut pending: Vec<_> = all.iter_mut().filter(|a| !a.is_done()).collect();
            if pending.is_empty() {
                break;
            }
            let count = pending.len();
            let mut worst = Next::Go;
            for piece in pending.chunks_mut(size) {
                if self.deadline.left_for_calls() < SHORTEST_CALL {
                    break 'tries;
                }
                worst = worst.max(self.create(piece).await);
                if worst == Next::Stop {
                    break 'tries;
                }
            }
            // A smaller call is a new try for free as long as it gets smaller.
            let shrinks = worst == Next::Smaller && size.min(count) > 1;
            if shrinks {
                size = size.min(count).div_ceil(2);
            } else {
                attempt += 1;
                out_of_tries = attempt >= self.patience.attempts;
            }
            if out_of_tries {
                break;
            }
            if worst > Next::Go {
                let pause = self.patience.backoff.pause(attempt, fastrand::f64());
                sleep(pause.min(self.deadline.left_for_calls())).await;
            }
        }
        all.into_iter().map(|a| a.verdict(out_of_tries)).collect()
    }

    async fn create(&self, piece: &mut [&mut Attempt<'_>]) -> Next {
        let records: Vec<&Value> = piece.iter().map(|a| &a.case.sobject).collect();
        let started = Timestamp::now();
        let items = match self.create_with_token(&records).await {
            Ok(items) => items,
            Err(error) => return self.all_failed(piece, &error, started),
        };
        let mut next = Next::Go;
        for (attempt, item) in piece.iter_mut().zip(items) {
            next = next.max(self.judge(attempt, item, started));
        }
        let mut questions = Vec::new();
        for attempt in piece.iter_mut() {
            if matches!(attempt.state, State::Ask { .. }) {
                questions.push(self.ask(attempt));
            }
        }
        stream::iter(questions)
            .buffer_unordered(PARALLEL_FINDS)
            .collect::<Vec<()>>()
            .await;
        let open = piece.iter().any(|a| !a.is_done());
        if open { next.max(Next::Again) } else { next }
    }

    /// Takes the result of one record.
    fn judge(&self, attempt: &mut Attempt<'_>, item: Item, started: Timestamp) -> Next {
        let refusal = match item {
            Item::Created => {
                attempt.state = State::Done(Verdict::Created);
                return Next::Go;
            }
            Item::Unreadable => {
                attempt.lost("its result could not be read", started);
                return Next::Again;
            }
            Item::Failed(refusal) => refusal,
        };
        let class = self.codes.code(&refusal.code);
        match class {
            Class::Duplicate => {
                attempt.state = match duplicate_of(&refusal, self.external_id) {
                    DuplicateOf::OurField if attempt.lost_since.is_none() => {
                        State::Done(Verdict::Exists)
                    }
                    DuplicateOf::OurField => State::Ask {
                        refusal,
                        ours: true,
                    },
                    DuplicateOf::Unknown => State::Ask {
                        refusal,
                        ours: false,
                    },
                    DuplicateOf::AnotherField => State::Done(Verdict::Refused(refusal)),
                };
                Next::Go
            }
            Class::Permanent => {
                attempt.state = State::Done(Verdict::Refused(refusal));
                Next::Go
            }
            Class::Unknown => {
                attempt.state = State::Unheard(refusal);
                Next::Again
            }
            Class::Token | Class::Retry | Class::Lock | Class::Limit => {
                attempt.state = State::Open {
                    cause: refusal.code,
                };
                next_of(class)
            }
        }
    }

    /// Takes a call that has no results.
    fn all_failed(
        &self,
        piece: &mut [&mut Attempt<'_>],
        error: &CallError,
        started: Timestamp,
    ) -> Next {
        let (status, refusal) = match error {
            CallError::NotSent { cause } => {
                piece.iter_mut().for_each(|a| a.open(cause));
                return Next::Again;
            }
            CallError::Lost { cause } => {
                piece.iter_mut().for_each(|a| a.lost(cause, started));
                return Next::Again;
            }
            CallError::Answer { status, refusal } => (*status, refusal.as_ref()),
        };
        let code = refusal.map(|refusal| refusal.code.as_str());
        let cause = code.map_or_else(|| format!("HTTP_{status}"), str::to_owned);
        let class = self.codes.answer(code, status);
        match class {
            // One record may have spoilt the call for all: find it by halves.
            Class::Permanent | Class::Duplicate => {
                if let [only] = piece {
                    let refusal = refusal.cloned();
                    let refusal = refusal.unwrap_or_else(|| Refusal::new(&cause, ""));
                    only.state = State::Done(Verdict::Refused(refusal));
                    return Next::Go;
                }
                piece.iter_mut().for_each(|a| a.open(&cause));
                Next::Smaller
            }
            Class::Unknown if status < 500 => {
                let refusal = Refusal::new(&cause, "");
                for attempt in piece {
                    attempt.state = State::Unheard(refusal.clone());
                }
                Next::Again
            }
            // A server that failed may have failed after its work.
            _ if status >= 500 => {
                piece.iter_mut().for_each(|a| a.lost(&cause, started));
                next_of(class)
            }
            Class::Token => {
                piece.iter_mut().for_each(|a| a.open(&cause));
                Next::Stop
            }
            _ => {
                piece.iter_mut().for_each(|a| a.open(&cause));
                next_of(class)
            }
        }
    }

    /// Decides a duplicate by the Case itself: created by a call of ours whose answer was lost, or
    /// long there, or not there at all since another field is the duplicate.
    async fn ask(&self, attempt: &mut Attempt<'_>) {
        let State::Ask { refusal, ours } = &attempt.state else {
            return;
        };
        let event_id = &attempt.case.event_id;
        let verdict = match self.find_with_token(event_id).await {
            Ok(Some(found)) => match (attempt.lost_since, found.created_at) {
                (Some(since), Some(created)) if created >= since - CLOCK_SKEW => Verdict::Created,
                _ => Verdict::Exists,
            },
            // It is there by Salesforce's word, though we may not see it.
            Ok(None) if *ours => Verdict::Exists,
            Ok(None) => Verdict::Refused(refusal.clone()),
            Err(_) => {
                let cause = refusal.code.clone();
                attempt.state = State::Open { cause };
                return;
            }
        };
        attempt.state = State::Done(verdict);
    }

    async fn create_with_token(&self, records: &[&Value]) -> Result<Vec<Item>, CallError> {
        let client = self.salesforce;
        let token = self.in_time(self.tokens.get()).await?;
        let result = client.create(&token, records, self.call_timeout()).await;
        match self.token_instead(&token, &result).await? {
            Some(token) => client.create(&token, records, self.call_timeout()).await,
            None => result,
        }
    }

    async fn find_with_token(&self, event_id: &str) -> Result<Option<Found>, CallError> {
        let (client, field) = (self.salesforce, self.external_id);
        let token = self.in_time(self.tokens.get()).await?;
        let result = client
            .find(&token, field, event_id, self.call_timeout())
            .await;
        match self.token_instead(&token, &result).await? {
            Some(token) => {
                client
                    .find(&token, field, event_id, self.call_timeout())
                    .await
            }
            None => result,
        }
    }

    /// Another token, when Salesforce rejected this one.
    async fn token_instead<T>(
        &self,
        token: &Token,
        result: &Result<T, CallError>,
    ) -> Result<Option<Arc<Token>>, CallError> {
        let Err(CallError::Answer { status, refusal }) = result else {
            return Ok(None);
        };
        let code = refusal.as_ref().map(|refusal| refusal.code.as_str());
        if self.codes.answer(code, *status) != Class::Token {
            return Ok(None);
        }
        self.in_time(self.tokens.replace(token)).await.map(Some)
    }

    fn call_timeout(&self) -> Duration {
        self.deadline.request_timeout(self.patience.longest_call)
    }

    async fn in_time<T>(
        &self,
        token: impl Future<Output = Result<T, crate::Error>>,
    ) -> Result<T, CallError> {
        let cause = match timeout(self.deadline.left_for_calls(), token).await {
            Ok(Ok(token)) => return Ok(token),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no token in time".to_owned(),
        };
        Err(CallError::NotSent { cause })
    }
}

impl<'a> Attempt<'a> {
    fn new(case: &'a Case) -> Self {
        Self {
            case,
            state: State::Open {
                cause: "out of time".to_owned(),
            },
            lost_since: None,
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    fn open(&mut self, cause: &str) {
        self.state = State::Open {
            cause: cause.to_owned(),
        };
    }

    fn lost(&mut self, cause: &str, started: Timestamp) {
        self.open(cause);
        self.lost_since.get_or_insert(started);
    }

    fn verdict(self, out_of_tries: bool) -> Verdict {
        match self.state {
            State::Done(verdict) => verdict,
            State::Unheard(refusal) if out_of_tries => Verdict::Refused(refusal),
            State::Unheard(refusal) | State::Ask { refusal, .. } => Verdict::Later {
                cause: refusal.code,
            },
            State::Open { cause } => Verdict::Later { cause },
        }
    }
}

fn next_of(class: Class) -> Next {
    match class {
        Class::Lock => Next::Smaller,
        Class::Limit => Next::Stop,
        _ => Next::Again,
    }
}
