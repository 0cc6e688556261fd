//! What Case Creation does with the records of one invocation.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};
use kinesis_consumer::{Consumer, Deadline, Fate, Outcome, Parked, Record, Refusal, Settled};

use crate::{
    CaseCreation,
    attempt::{Rules, Verdict},
    call_error::CallError,
    case::Case,
    deliver::Delivery,
    park::Reason,
    reply,
    salesforce::MAX_RECORDS_PER_CALL,
    session::{Missing, Session},
    settle::settle,
};

/// Looking for Cases one by one, so many at once.
const PARALLEL_LOOKS: usize = 8;

/// An invocation that creates Cases.
#[derive(Debug)]
pub(crate) struct Invocation<'a> {
    function: &'a CaseCreation,
    missing: Missing,
    deadline: Deadline,
    /// Whether a look was in vain: then the others would be too.
    blind: AtomicBool,
}

/// An invocation that decides about records the mapping discarded: nothing is created any more.
#[derive(Debug)]
pub(crate) struct Discards<'a> {
    invocation: Invocation<'a>,
    /// Why the mapping discarded them.
    condition: &'a str,
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(function: &'a CaseCreation, deadline: Deadline) -> Self {
        Self {
            function,
            missing: Missing::default(),
            deadline,
            blind: AtomicBool::new(false),
        }
    }

    fn delivery(&self) -> Delivery<'_> {
        let function = self.function;
        Delivery {
            session: Session {
                salesforce: &function.salesforce,
                breaker: &function.breaker,
                tokens: &function.tokens,
                codes: &function.codes,
                longest_call: function.longest_call,
                missing: &self.missing,
                deadline: self.deadline,
                clock: function.clock,
            },
            rules: Rules {
                codes: &function.codes,
                external_id: function.mapping.external_id(),
            },
            memory: &function.memory,
            patience: function.patience,
        }
    }

    async fn look(&self, case: &Case) -> Result<Fate, CallError> {
        if self.blind.load(Ordering::Relaxed) {
            return Err(CallError::NotSent {
                cause: "Salesforce cannot be asked".to_owned(),
            });
        }
        let fate = self.delivery().look(&case.event_id).await;
        if fate.is_err() {
            self.blind.store(true, Ordering::Relaxed);
        }
        fate
    }
}

impl Consumer for Invocation<'_> {
    type Item = Case;
    type Reason = reply::Refusal;

    fn parse(&self, data: &[u8]) -> Result<Case, reply::Refusal> {
        Case::read(data, &self.function.mapping)
    }

    fn key<'c>(&self, case: &'c Case) -> Option<&'c str> {
        Some(&case.event_id)
    }

    fn chunk_size(&self) -> usize {
        MAX_RECORDS_PER_CALL
    }

    async fn was_parked(
        &self,
        record: &Record,
        case: &Case,
        expiring: bool,
        deadline: Deadline,
    ) -> Result<Option<Parked>, String> {
        let number = record.position.sequence_number.as_deref();
        if self.function.memory.has_parked(&case.event_id, number) {
            return Ok(Some(Parked::Before));
        }
        let (parking, event_id) = (&self.function.parking, Some(case.event_id.as_str()));
        if !expiring && !parking.may_hold(record, event_id) {
            return Ok(None);
        }
        let held = parking.look(record, event_id, deadline).await;
        held.map_err(|error| error.to_string())
    }

    async fn deliver(&self, chunk: &[&Case], _: Deadline) -> Vec<Verdict> {
        self.delivery().deliver(chunk).await
    }

    /// A Case that cannot be looked for is given up only when no call of this process can have
    /// created it. Another process may have: that Case would be parked besides.
    async fn last_look(&self, case: &Case, _: Deadline) -> Fate {
        match self.look(case).await {
            Ok(fate) => fate,
            Err(_) if self.function.memory.sent_since(&case.event_id).is_none() => Fate::Undone,
            Err(error) => Fate::Unknown(error.to_string()),
        }
    }

    async fn park(
        &self,
        record: &Record,
        case: Option<&Case>,
        refusal: &Refusal<reply::Refusal>,
        deadline: Deadline,
    ) -> Result<Parked, String> {
        let reason = Reason::of(refusal);
        let event_id = case.map(|case| case.event_id.as_str());
        let parking = &self.function.parking;
        let parked = parking.park(record, event_id, &reason, deadline).await;
        if parked.is_ok() {
            if let Some(event_id) = event_id {
                let number = record.position.sequence_number.as_deref();
                self.function.memory.park(event_id, number);
            }
            let record = record.position.index;
            tracing::warn!(record, code = reason.code, fields = ?reason.fields, "record parked");
        }
        parked.map_err(|error| error.to_string())
    }

    fn settle(&self, case: Option<&Case>, settled: Settled) -> Settled {
        let memory = &self.function.memory;
        let settled = match (case, settled) {
            // Two deliveries at once may both find the Case of one lost answer.
            (Some(case), Settled::Success) if !memory.count(&case.event_id) => Settled::Neutral,
            (Some(case), Settled::Neutral | Settled::Failure) => {
                memory.answered(&case.event_id);
                settled
            }
            _ => settled,
        };
        settle(settled)
    }
}

impl<'a> Discards<'a> {
    pub(crate) fn new(invocation: Invocation<'a>, condition: &'a str) -> Self {
        Self {
            invocation,
            condition,
        }
    }

    async fn decide(&self, case: &Case) -> Verdict {
        match self.invocation.look(case).await {
            Ok(Fate::Done) => Outcome::Success,
            Ok(Fate::Known) => Outcome::Neutral,
            Ok(Fate::Undone) => {
                let message = "the event source mapping gave it up";
                Outcome::Permanent(reply::Refusal::new(self.condition, message))
            }
            Ok(Fate::Unknown(why)) => Outcome::Retryable(why),
            Err(error) => Outcome::Retryable(error.to_string()),
        }
    }
}

impl Consumer for Discards<'_> {
    type Item = Case;
    type Reason = reply::Refusal;

    fn parse(&self, data: &[u8]) -> Result<Case, reply::Refusal> {
        self.invocation.parse(data)
    }

    fn key<'c>(&self, case: &'c Case) -> Option<&'c str> {
        self.invocation.key(case)
    }

    fn chunk_size(&self) -> usize {
        self.invocation.chunk_size()
    }

    async fn deliver(&self, chunk: &[&Case], _: Deadline) -> Vec<Verdict> {
        let mut looks = Vec::with_capacity(chunk.len());
        for case in chunk {
            looks.push(self.decide(case));
        }
        stream::iter(looks).buffered(PARALLEL_LOOKS).collect().await
    }

    /// It is old by all means, and decided by nothing but an answer.
    async fn last_look(&self, _: &Case, _: Deadline) -> Fate {
        Fate::Unknown("Salesforce cannot be asked".to_owned())
    }

    async fn park(
        &self,
        record: &Record,
        case: Option<&Case>,
        refusal: &Refusal<reply::Refusal>,
        deadline: Deadline,
    ) -> Result<Parked, String> {
        self.invocation.park(record, case, refusal, deadline).await
    }

    fn settle(&self, case: Option<&Case>, settled: Settled) -> Settled {
        self.invocation.settle(case, settled)
    }
}
