//! The state of a script at one moment, and the rules that it must satisfy.

use std::collections::{BTreeMap, BTreeSet};

use case_services::Services;
use tt_metrics::Capture;

use crate::{script::What, stream::Landed};

/// The places of the records of a script.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The events by the description of their Cases, with the external ids of these Cases.
    pub(crate) cases: BTreeMap<String, Vec<String>>,
    /// Names of parked records.
    pub(crate) parked: BTreeSet<String>,
    /// Sequence numbers of records that are delivered again, or are discarded and not decided yet.
    pub(crate) retryable: BTreeSet<String>,
    pub(crate) created: u64,
    pub(crate) failed: u64,
}

impl State {
    pub(crate) fn of(services: &Services, retryable: BTreeSet<String>, metrics: &Capture) -> Self {
        let mut cases: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for case in services.org().cases() {
            let description = case.fields["Description"].as_str().unwrap();
            let ids = cases.entry(description.to_owned()).or_default();
            ids.push(case.event_id.unwrap_or_default());
        }
        let name = |key: &String| {
            let name = key.strip_prefix("parked/case-creation/");
            name.and_then(|name| name.strip_suffix(".json"))
                .unwrap_or(key)
                .to_owned()
        };
        Self {
            cases,
            parked: services.aws().parked.keys().map(name).collect(),
            retryable,
            created: metrics.count("SFCaseCreated"),
            failed: metrics.count("SFCaseFailed"),
        }
    }

    /// Returns the violated rules. `stopped` is the state in which the process was stopped before: another process cannot
    /// determine what that one had done and not counted, or not checkpointed.
    pub(crate) fn violations(&self, records: &[Landed], stopped: Option<&Self>) -> Vec<String> {
        let mut violations = Vec::new();
        for record in records {
            let (case, parked) = (self.is_case(record), self.is_parked(record));
            let retryable = self.retryable.contains(&record.sequence_number);
            if !case && !parked && !retryable {
                violations.push(format!(
                    "a record is lost: neither a Case, nor parked, nor delivered again: {record:?}"
                ));
            }
            let was_cut_off = stopped.is_some_and(|stopped| {
                let retryable = stopped.retryable.contains(&record.sequence_number);
                retryable && (stopped.is_case(record) || stopped.is_parked(record))
            });
            // A copy that arrives after its event was given up is delivered independently.
            if case && parked && record.what != What::Copy && !was_cut_off {
                violations.push(format!("a record is a Case and parked: {record:?}"));
            }
            if case && !matches!(record.what, What::Event | What::Copy) {
                violations.push(format!("a Case that cannot be: {record:?}"));
            }
        }
        self.of_nothing(records, &mut violations);
        for (about, ids) in &self.cases {
            if ids.len() > 1 {
                violations.push(format!(
                    "there are two Cases of one event: {about}, as {ids:?}"
                ));
            }
        }
        let (created, failed) = (self.uncounted_cases(), self.uncounted_parked());
        let open = |names: BTreeSet<&String>| i64::try_from(names.len()).unwrap();
        let cut_off = |count: fn(&Self) -> i64| stopped.map_or(0, count);
        let open_cases = open(self.open(records, Self::is_case));
        let may_miss = open_cases + cut_off(Self::uncounted_cases);
        if !(0..=may_miss).contains(&created) {
            let (counted, cases) = (self.created, self.cases.len());
            violations.push(format!(
                "SFCaseCreated is {counted}, there are {cases} Cases, {may_miss} may be uncounted"
            ));
        }
        let may_miss = open(self.open(records, Self::is_parked)) + cut_off(Self::uncounted_parked);
        if !(0..=may_miss).contains(&failed) {
            let (counted, parked) = (self.failed, self.parked.len());
            violations.push(format!(
                "SFCaseFailed is {counted}, {parked} are parked, {may_miss} may be uncounted"
            ));
        }
        violations
    }

    /// Whether there is a Case of a record, by its description.
    fn is_case(&self, record: &Landed) -> bool {
        let about = record.about.as_ref();
        about.is_some_and(|about| self.cases.contains_key(about))
    }

    fn is_parked(&self, record: &Landed) -> bool {
        self.parked.contains(&record.name)
    }

    /// The names of the records that satisfy the condition and may still be delivered again.
    fn open<'a>(
        &self,
        records: &'a [Landed],
        condition: impl Fn(&Self, &Landed) -> bool,
    ) -> BTreeSet<&'a String> {
        let open = records.iter().filter(|record| {
            self.retryable.contains(&record.sequence_number) && condition(self, record)
        });
        open.map(|record| &record.name).collect()
    }

    fn of_nothing(&self, records: &[Landed], violations: &mut Vec<String>) {
        let names: BTreeMap<_, _> = records.iter().map(|r| (&r.name, &r.about)).collect();
        for (about, ids) in &self.cases {
            for id in ids.iter().filter(|id| !id.is_empty()) {
                if names.get(id).and_then(|known| known.as_ref()) != Some(about) {
                    violations.push(format!("a Case of no record: {about}, as {id}"));
                }
            }
        }
        for name in self.parked.iter().filter(|name| !names.contains_key(name)) {
            violations.push(format!("a parked record of none: {name}"));
        }
    }

    fn uncounted_cases(&self) -> i64 {
        difference(self.cases.len(), self.created)
    }

    fn uncounted_parked(&self) -> i64 {
        difference(self.parked.len(), self.failed)
    }
}

fn difference(there: usize, counted: u64) -> i64 {
    i64::try_from(there).unwrap() - i64::try_from(counted).unwrap()
}
