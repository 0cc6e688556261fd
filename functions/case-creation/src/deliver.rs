//! Cases to Salesforce: bounded retries inside the deadline, one verdict for each Case.
//!
//! An answer that was lost is asked for again by creating again: the external id makes that safe, and
//! a duplicate that is younger than the lost call is a Case of ours, unless this process has counted it
//! before. What is still lost when the tries or the time run out is delivered again by the mapping, and
//! this process remembers the lost call. Another process takes the Case for a replay, so one success is
//! missing rather than one counted twice. The one exception is narrow: a Case that another process created
//! and counted within [`CLOCK_SKEW`] before a call of this one, whose answer is lost, too, looks like its own.
//!
//! What Salesforce offers does not close that: an upsert says `created` in the very answer that was lost, and overwrites
//! what an agent has edited; `CreatedDate` has whole seconds, whoever's clock it is compared with; and of standard
//! fields, none is the caller's to write and nobody else's to see. A token of each call in a field of its own would, and so
//! would asking for all Cases before each call that creates: the one is a second field in every org, the other twice
//! the requests of an org whose requests are what it has least of, both for a coincidence of three faults in three seconds.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use kinesis_consumer::Fate;

use crate::{
    Class,
    attempt::{Attempt, Next, Rules, State, Verdict},
    backoff::Backoff,
    call_error::CallError,
    case::Case,
    memory::Memory,
    pieces::pieces,
    reply::Refusal,
    salesforce::{Found, MAX_RECORDS_PER_CALL},
    session::Session,
};

/// How far the clocks of Salesforce and of this machine may be apart. `CreatedDate` has whole
/// seconds, so one of these goes to rounding.
pub(crate) const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(3);
/// Finding Cases one by one, so many at once.
const PARALLEL_FINDS: usize = 8;
/// Less time than this is not worth a call.
const SHORTEST_CALL: Duration = Duration::from_millis(50);

/// How often and how fast to try.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) attempts: u32,
    pub(crate) backoff: Backoff,
}

/// The delivery of one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery<'a> {
    pub(crate) session: Session<'a>,
    pub(crate) rules: Rules<'a>,
    pub(crate) memory: &'a Memory,
    pub(crate) patience: Patience,
}

impl Delivery<'_> {
    /// Creates the Cases and returns their verdicts, in order.
    pub(crate) async fn deliver(&self, cases: &[&Case]) -> Vec<Verdict> {
        let mut all: Vec<Attempt<'_>> = cases.iter().map(|case| Attempt::new(case)).collect();
        let mut size = MAX_RECORDS_PER_CALL;
        let mut attempt = 0;
        let mut out_of_tries = false;
        'tries: loop {
            let pending: Vec<_> = all.iter_mut().filter(|a| !a.is_done()).collect();
            if pending.is_empty() {
                break;
            }
            let count = pending.len();
            let mut worst = Next::Go;
            for mut piece in pieces(pending, size) {
                if self.session.deadline.left_for_calls() < SHORTEST_CALL {
                    break 'tries;
                }
                worst = worst.max(self.create(&mut piece).await);
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
                let pause = pause.min(self.session.deadline.left_for_calls());
                self.session.clock.sleep(pause).await;
            }
        }
        if out_of_tries {
            all.iter_mut().for_each(Attempt::doubt);
            self.ask_all(all.iter_mut()).await;
        }
        all.into_iter().map(|a| a.verdict(out_of_tries)).collect()
    }

    /// What became of a Case, by Salesforce's word.
    pub(crate) async fn look(&self, event_id: &str) -> Result<Fate, CallError> {
        let found = self.session.find(self.rules.external_id, event_id).await?;
        let since = self.memory.sent_since(event_id);
        Ok(match found {
            Some(found) if self.is_ours(event_id, found, since) => Fate::Done,
            Some(_) => Fate::Known,
            None => Fate::Undone,
        })
    }

    async fn create(&self, piece: &mut [&mut Attempt<'_>]) -> Next {
        let started = self.session.clock.now();
        for attempt in piece.iter_mut() {
            if let Some(since) = self.memory.send(attempt.case.event_id(), started) {
                attempt.lost_since.get_or_insert(since);
            }
        }
        let records: Vec<&str> = piece.iter().map(|a| a.case.sobject()).collect();
        let next = match self.session.create(&records).await {
            Ok(items) => {
                let mut next = Next::Go;
                for (attempt, item) in piece.iter_mut().zip(items) {
                    next = next.max(attempt.judge(item, started, self.rules));
                }
                next
            }
            Err(error) => self.all_failed(piece, &error, started),
        };
        for attempt in piece.iter_mut().filter(|attempt| attempt.is_done()) {
            attempt.doubt();
        }
        self.ask_all(piece.iter_mut().map(|attempt| &mut **attempt))
            .await;
        for attempt in piece.iter() {
            // What was created stays in memory until it is counted.
            let created = matches!(attempt.state, State::Done(Verdict::Success));
            if attempt.lost_since.is_none() && !created {
                self.memory.answered(attempt.case.event_id());
            }
        }
        let open = piece.iter().any(|a| !a.is_done());
        if open { next.max(Next::Again) } else { next }
    }

    /// Takes a call that has no results.
    fn all_failed(
        &self,
        piece: &mut [&mut Attempt<'_>],
        error: &CallError,
        started: Timestamp,
    ) -> Next {
        let (status, refusal) = match error {
            CallError::HeldBack => {
                set_back(piece, &error.to_string(), None);
                return Next::Stop;
            }
            CallError::NoToken { cause } => {
                set_back(piece, cause, None);
                return Next::Stop;
            }
            CallError::NotSent { cause } => {
                set_back(piece, cause, None);
                return Next::Again;
            }
            CallError::Lost { cause } => {
                set_back(piece, cause, Some(started));
                return Next::Again;
            }
            CallError::Answer { status, refusal } => (*status, refusal.as_ref()),
        };
        let code = refusal.map(|refusal| refusal.code.as_str());
        let class = self.rules.codes.answer(code, status);
        let cause = code.map_or_else(|| format!("HTTP_{status}"), str::to_owned);
        let refusal = || refusal.cloned().unwrap_or_else(|| Refusal::new(&cause, ""));
        match class {
            // One record may have spoilt the call for all: find it by halves.
            Class::Permanent | Class::Duplicate => {
                if let [only] = piece {
                    only.state = State::Done(Verdict::Permanent(refusal()));
                    return Next::Go;
                }
                set_back(piece, &cause, None);
                Next::Smaller
            }
            Class::Unknown => {
                for attempt in piece.iter_mut() {
                    attempt.state = State::Unheard(refusal());
                }
                Next::Again
            }
            // Rejected again after a refresh.
            Class::Token => {
                set_back(piece, &cause, None);
                Next::Stop
            }
            Class::Retry | Class::Lock | Class::Limit => {
                // A server that failed may have failed after its work.
                set_back(piece, &cause, (status >= 500).then_some(started));
                Next::after(class)
            }
        }
    }

    async fn ask_all<'a, 'b: 'a>(&self, attempts: impl Iterator<Item = &'a mut Attempt<'b>>) {
        let mut questions = Vec::new();
        for attempt in attempts {
            if matches!(attempt.state, State::Ask { .. }) {
                questions.push(self.ask(attempt));
            }
        }
        stream::iter(questions)
            .buffer_unordered(PARALLEL_FINDS)
            .collect::<Vec<()>>()
            .await;
    }

    /// Decides a duplicate by the Case itself: created by a call of ours whose answer was lost, or
    /// long there, or not there at all since another field is the duplicate. So it does with what is refused
    /// for another reason, behind a call whose answer was lost.
    async fn ask(&self, attempt: &mut Attempt<'_>) {
        let State::Ask { refusal, ours } = &attempt.state else {
            return;
        };
        let event_id = attempt.case.event_id();
        let verdict = match self.session.find(self.rules.external_id, event_id).await {
            Ok(Some(found)) if self.is_ours(event_id, found, attempt.lost_since) => {
                Verdict::Success
            }
            Ok(Some(_)) => Verdict::Neutral,
            // It is there by Salesforce's word, though we may not see it.
            Ok(None) if *ours => Verdict::Neutral,
            Ok(None) => Verdict::Permanent(refusal.clone()),
            Err(_) => {
                let cause = refusal.code.clone().into();
                attempt.state = State::Open { cause };
                return;
            }
        };
        attempt.state = State::Done(verdict);
    }

    /// Whether a call that began at `lost_since` or later created this Case, and nobody counted it.
    pub(crate) fn is_ours(
        &self,
        event_id: &str,
        found: Found,
        lost_since: Option<Timestamp>,
    ) -> bool {
        let both = lost_since.zip(found.created_at);
        both.is_some_and(|(since, created)| created >= since - CLOCK_SKEW)
            && !self.memory.has_counted(event_id)
    }
}

/// Leaves all Cases of a call open, after a call that began at `lost_since` and may have been done.
fn set_back(piece: &mut [&mut Attempt<'_>], cause: &str, lost_since: Option<Timestamp>) {
    for attempt in piece {
        match lost_since {
            Some(started) => attempt.lost(cause, started),
            None => attempt.open(cause),
        }
    }
}
