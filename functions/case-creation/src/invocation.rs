//! What Case Creation does with the records of one invocation: it creates Cases, or decides about records
//! that the event source mapping discarded.

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

/// What one invocation works with.
#[derive(Debug)]
pub(crate) struct Invocation<'a> {
    function: &'a CaseCreation,
    missing: Missing,
    deadline: Deadline,
    /// Whether a look was in vain: then the others would be too.
    blind: AtomicBool,
    /// Why the mapping discarded the records: then nothing is created any more.
    discarded: Option<&'a str>,
}

impl<'a> Invocation<'a> {
    /// One that creates Cases.
    pub(crate) fn new(function: &'a CaseCreation, deadline: Deadline) -> Self {
        Self {
            function,
            missing: Missing::default(),
            deadline,
            blind: AtomicBool::new(false),
            discarded: None,
        }
    }

    /// One that decides about records the mapping discarded under this condition.
    pub(crate) fn of_discarded(
        function: &'a CaseCreation,
        deadline: Deadline,
        condition: &'a str,
    ) -> Self {
        Self {
            discarded: Some(condition),
            ..Self::new(function, deadline)
        }
    }

    pub(crate) fn delivery(&self) -> Delivery<'_> {
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
        let fate = self.delivery().look(case.event_id()).await;
        if fate.is_err() {
            self.blind.store(true, Ordering::Relaxed);
        }
        fate
    }

    /// What a discarded record ends as.
    async fn decide(&self, case: &Case, condition: &str) -> Verdict {
        match self.look(case).await {
            Ok(Fate::Done) => Outcome::Success,
            Ok(Fate::Known) => Outcome::Neutral,
            Ok(Fate::Undone) => {
                let message = "the event source mapping gave it up";
                Outcome::Permanent(reply::Refusal::new(condition, message))
            }
            Ok(Fate::Unknown(why)) => Outcome::Retryable(why),
            Err(error) => Outcome::Retryable(error.to_string()),
        }
    }
}

impl Consumer for Invocation<'_> {
    type Item = Case;
    type Reason = reply::Refusal;

    fn parse(&self, data: &[u8]) -> Result<Case, reply::Refusal> {
        Case::read(data, &self.function.mapping)
    }

    fn key<'c>(&self, case: &'c Case) -> Option<&'c str> {
        Some(case.event_id())
    }

    fn chunk_size(&self) -> usize {
        MAX_RECORDS_PER_CALL
    }

    fn may_be_parked(&self, record: &Record<'_>, case: &Case, expiring: bool) -> bool {
        if self.discarded.is_some() {
            return false;
        }
        let number = record.position.sequence_number;
        let (memory, parking) = (&self.function.memory, &self.function.parking);
        expiring
            || memory.has_parked(case.event_id(), number)
            || parking.may_hold(record, Some(case.event_id()))
    }

    async fn was_parked(
        &self,
        record: &Record<'_>,
        case: &Case,
        expiring: bool,
        deadline: Deadline,
    ) -> Result<Option<Parked>, String> {
        let number = record.position.sequence_number;
        if self.function.memory.has_parked(case.event_id(), number) {
            return Ok(Some(Parked::Before));
        }
        let (parking, event_id) = (&self.function.parking, Some(case.event_id()));
        if !expiring && !parking.may_hold(record, event_id) {
            return Ok(None);
        }
        let held = parking.look(record, event_id, deadline).await;
        let held = held.map_err(|error| error.to_string())?;
        if held.is_some() {
            // The answer to this delivery may get lost, too.
            self.function.memory.park(case.event_id(), number);
        }
        Ok(held)
    }

    async fn deliver(&self, chunk: &[&Case], _: Deadline) -> Vec<Verdict> {
        let Some(condition) = self.discarded else {
            return self.delivery().deliver(chunk).await;
        };
        let mut looks = Vec::with_capacity(chunk.len());
        for case in chunk {
            looks.push(self.decide(case, condition));
        }
        stream::iter(looks).buffered(PARALLEL_LOOKS).collect().await
    }

    /// A Case that cannot be looked for is given up only when no call of this process can have
    /// created it. Another process may have: that Case would be parked besides. A discarded record is
    /// old by all means, and decided by nothing but an answer.
    async fn last_look(&self, case: &Case, _: Deadline) -> Fate {
        if self.discarded.is_some() {
            return Fate::Unknown("Salesforce cannot be asked".to_owned());
        }
        let memory = &self.function.memory;
        match self.look(case).await {
            Ok(fate) => fate,
            // Its Case was counted, and the mapping did not get that answer.
            Err(_) if memory.has_counted(case.event_id()) => Fate::Known,
            Err(_) if memory.sent_since(case.event_id()).is_none() => Fate::Undone,
            Err(error) => Fate::Unknown(error.to_string()),
        }
    }

    async fn park(
        &self,
        record: &Record<'_>,
        case: Option<&Case>,
        refusal: &Refusal<reply::Refusal>,
        deadline: Deadline,
    ) -> Result<Parked, String> {
        let reason = Reason::of(refusal);
        let event_id = case.map(Case::event_id);
        let parking = &self.function.parking;
        let parked = parking.park(record, event_id, &reason, deadline).await;
        if parked.is_ok() {
            if let Some(event_id) = event_id {
                let number = record.position.sequence_number;
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
            (Some(case), Settled::Success) if !memory.count(case.event_id()) => Settled::Neutral,
            (Some(case), Settled::Neutral | Settled::Failure) => {
                memory.answered(case.event_id());
                settled
            }
            _ => settled,
        };
        settle(settled)
    }
}
