//! Creates Cases: bounded retries within the deadline, and one ending for each Case.
//!
//! A call whose answer was lost is repeated: the external id makes that safe, and a duplicate is looked up. What is
//! still lost when the attempts or the time are used up is delivered again by the event source mapping, and this process
//! remembers the lost call. Another process takes the Case for a replay, so one success is missing rather than counted
//! twice.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use retry::RetryPolicy;

use super::{
    attempt::{AnswerRules, Attempt, NextCall, SendState},
    calls::calls,
    lookup::Lookup,
    salesforce::{CallError, ErrorClass, MAX_RECORDS_PER_CALL},
};
use crate::{
    ending::{Ending, Rejection},
    expiry::Expiry,
    map::Item,
};

/// Number of concurrent lookups.
const CONCURRENT_LOOKUPS: usize = 8;
/// No call is started with less time than this.
const SHORTEST_CALL: Duration = Duration::from_millis(50);
/// When more calls of the same size than this are voided by their records, the records are sent one by one. Halving finds
/// one record with 2 * log2(200) calls; for many of them, single calls are fewer.
const MAX_VOIDED_CALLS: usize = 8;

/// Creates the Cases of one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Creation<'a> {
    pub(crate) lookup: Lookup<'a>,
    pub(crate) retry: RetryPolicy,
    pub(crate) expiry: Expiry,
}

impl Creation<'_> {
    /// Creates the Cases of some items and returns how their delivery ended, in order.
    pub(crate) async fn create(&self, items: &[&Item<'_>]) -> Vec<Ending> {
        let mut attempts: Vec<Attempt<'_>> = items.iter().filter_map(|&i| attempt(i)).collect();
        let has_attempts_left = self.send(&mut attempts).await;
        if !has_attempts_left {
            attempts.iter_mut().for_each(Attempt::verify_rejection);
            self.look_up_all(attempts.iter_mut()).await;
        }
        let now = self.lookup.session.clock.now();
        let is_last = |item: &Item<'_>| {
            let is_expiring = self.expiry.is_expiring(&item.record, now);
            !has_attempts_left && (is_expiring || !self.expiry.is_bounded())
        };
        let with_items = attempts.into_iter().zip(items);
        with_items
            .map(|(a, item)| a.ending(is_last(item)))
            .collect()
    }

    /// Sends the Cases until each has ended. Returns false when the attempts were used up before.
    async fn send(&self, attempts: &mut [Attempt<'_>]) -> bool {
        let session = &self.lookup.session;
        let mut size = MAX_RECORDS_PER_CALL;
        let mut attempt = 0;
        loop {
            let pending: Vec<_> = attempts.iter_mut().filter(|a| !a.has_ended()).collect();
            if pending.is_empty() {
                return true;
            }
            let count = pending.len();
            let mut next = NextCall::Continue;
            let mut voided = 0;
            for mut call in calls(pending, size) {
                if session.remaining() < SHORTEST_CALL {
                    return true;
                }
                let after = self.call(&mut call).await;
                voided += usize::from(after == NextCall::Isolate);
                next = next.max(after);
                if next == NextCall::Stop {
                    return true;
                }
            }
            // Calls that get smaller are no further attempt.
            if next >= NextCall::Smaller && size.min(count) > 1 {
                size = if voided > MAX_VOIDED_CALLS {
                    1
                } else {
                    size.min(count).div_ceil(2)
                };
            } else {
                attempt += 1;
                if self.retry.max_attempts.is_some_and(|max| attempt >= max) {
                    return false;
                }
            }
            if next > NextCall::Continue {
                let pause = self.retry.backoff.pause(attempt, fastrand::f64());
                session.clock.sleep(pause.min(session.remaining())).await;
            }
        }
    }

    async fn call(&self, call: &mut [&mut Attempt<'_>]) -> NextCall {
        let Lookup {
            session,
            external_id,
            memory,
        } = self.lookup;
        let rules = AnswerRules {
            codes: session.codes,
            external_id,
        };
        let started = session.clock.now();
        for attempt in call.iter_mut() {
            if let Some(since) = memory.remember_sent(attempt.event_id, started) {
                attempt.lost_since.get_or_insert(since);
            }
        }
        let records: Vec<&str> = call.iter().map(|a| a.case.sobject()).collect();
        let next = match session.create(&records).await {
            Ok(replies) => {
                let mut next = NextCall::Continue;
                for (attempt, reply) in call.iter_mut().zip(replies) {
                    next = next.max(attempt.apply(reply, started, rules));
                }
                next
            }
            Err(error) => apply_to_all(call, &error, started, rules),
        };
        for attempt in call.iter_mut().filter(|attempt| attempt.has_ended()) {
            attempt.verify_rejection();
        }
        self.look_up_all(call.iter_mut().map(|attempt| &mut **attempt))
            .await;
        for attempt in call.iter() {
            // A created Case stays in memory until it is counted.
            let is_created = matches!(attempt.state, SendState::Ended(Ending::Created));
            if attempt.lost_since.is_none() && !is_created {
                memory.remember_answered(attempt.event_id);
            }
        }
        if call.iter().all(|attempt| attempt.has_ended()) {
            next
        } else {
            next.max(NextCall::Retry)
        }
    }

    async fn look_up_all<'a, 'b: 'a>(&self, attempts: impl Iterator<Item = &'a mut Attempt<'b>>) {
        let mut lookups = Vec::new();
        for attempt in attempts {
            if matches!(attempt.state, SendState::LookUp { .. }) {
                lookups.push(self.look_up(attempt));
            }
        }
        stream::iter(lookups)
            .buffer_unordered(CONCURRENT_LOOKUPS)
            .collect::<Vec<()>>()
            .await;
    }

    /// Decides a duplicate, or a rejection after a lost answer, by the Case itself: a lost call created it, it existed
    /// before, or it does not exist and the rejection is final.
    async fn look_up(&self, attempt: &mut Attempt<'_>) {
        let SendState::LookUp { rejection, exists } = &attempt.state else {
            return;
        };
        let found = self
            .lookup
            .ending(attempt.event_id, attempt.lost_since)
            .await;
        attempt.state = match found {
            Ok(Some(ending)) => SendState::Ended(ending),
            // Salesforce reported that it exists, although this user cannot see it.
            Ok(None) if *exists => SendState::Ended(Ending::NothingToDo),
            Ok(None) => SendState::Ended(Ending::Rejected(rejection.clone())),
            Err(_) => SendState::Pending {
                cause: rejection.code.clone(),
            },
        };
    }
}

fn attempt<'a>(item: &'a Item<'_>) -> Option<Attempt<'a>> {
    Some(Attempt::new(item.event_id()?, item.case.as_ref()?))
}

/// Applies the failure of a whole call to its Cases.
fn apply_to_all(
    call: &mut [&mut Attempt<'_>],
    error: &CallError,
    started: Timestamp,
    rules: AnswerRules<'_>,
) -> NextCall {
    let (status, rejection) = match error {
        CallError::HeldBack | CallError::NoToken { .. } => {
            leave_pending(call, &error.to_string(), None);
            return NextCall::Stop;
        }
        CallError::NotSent { cause } => {
            leave_pending(call, cause, None);
            return NextCall::Retry;
        }
        CallError::Lost { cause } => {
            leave_pending(call, cause, Some(started));
            return NextCall::Retry;
        }
        CallError::Answer { status, rejection } => (*status, rejection),
    };
    let class = rules.codes.answer(rejection.as_ref(), status);
    let is_known = rejection
        .as_ref()
        .is_some_and(|error| rules.codes.record(error) != ErrorClass::Unknown);
    let rejection = rejection
        .clone()
        .unwrap_or_else(|| Rejection::new(format!("HTTP_{status}"), ""));
    match class {
        // One record may have voided the call for all.
        ErrorClass::Permanent | ErrorClass::Duplicate if call.len() > 1 => {
            leave_pending(call, &rejection.code, None);
            NextCall::Isolate
        }
        ErrorClass::Permanent | ErrorClass::Duplicate if is_known => {
            for attempt in call {
                attempt.state = SendState::Ended(Ending::Rejected(rejection.clone()));
            }
            NextCall::Continue
        }
        // A status without an error of the table proves nothing about the record: a proxy can answer with it.
        ErrorClass::Permanent | ErrorClass::Duplicate | ErrorClass::Unknown => {
            for attempt in call {
                attempt.state = SendState::UnknownError(rejection.clone());
            }
            NextCall::Retry
        }
        // Rejected again after a refresh.
        ErrorClass::Token => {
            leave_pending(call, &rejection.code, None);
            NextCall::Stop
        }
        ErrorClass::Retry | ErrorClass::Lock | ErrorClass::Limit | ErrorClass::Mapping => {
            // A server error can occur after the work is done.
            leave_pending(call, &rejection.code, (status >= 500).then_some(started));
            NextCall::after(class)
        }
    }
}

/// Leaves all Cases of a call pending. `lost_since` is set when the call may have created them.
fn leave_pending(call: &mut [&mut Attempt<'_>], cause: &str, lost_since: Option<Timestamp>) {
    for attempt in call {
        match lost_since {
            Some(started) => attempt.answer_lost(cause, started),
            None => attempt.leave_pending(cause),
        }
    }
}
