//! What the driver does with each kind of record.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use base64_simd::STANDARD;
use kinesis_batch::{Aggregate, Entry};
use serde_json::{Value, json};

use super::*;
use crate::simulate;

mod limits;

const NOW: i64 = 1_767_225_600;

/// A consumer whose records say what becomes of them, by the word they begin with.
/// Deliveries take the time that stands last.
#[derive(Default)]
struct Script(Mutex<Seen>, Option<(Clock, Duration)>);

#[derive(Default)]
struct Seen {
    /// The chunks that were delivered.
    chunks: Vec<Vec<String>>,
    parked: BTreeMap<String, Refusal<&'static str>>,
    settled: Vec<(Option<String>, Settled)>,
    /// The items that were looked at for a last time.
    looked_at: Vec<String>,
    /// Whether nothing can be parked.
    parking_fails: bool,
}

impl Script {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }
}

impl Consumer for Script {
    type Item = String;
    type Reason = &'static str;

    fn parse(&self, data: &[u8]) -> Result<String, &'static str> {
        let text = String::from_utf8(data.to_vec()).map_err(|_| "no text")?;
        assert!(!text.starts_with("unparsable"), "provoked");
        Ok(text)
    }

    fn key<'a>(&self, item: &'a String) -> Option<&'a str> {
        Some(item)
    }

    fn chunk_size(&self) -> usize {
        4
    }

    async fn was_parked(
        &self,
        _: &Record<'_>,
        item: &String,
        expiring: bool,
        _: Deadline,
    ) -> Result<Option<Parked>, String> {
        match item.rsplit(' ').next() {
            Some("unreadable") => Err("no bucket".to_owned()),
            Some("uncounted") => Ok(Some(Parked::Now)),
            _ if expiring && self.seen().parked.contains_key(item) => Ok(Some(Parked::Before)),
            _ => Ok(None),
        }
    }

    async fn deliver(&self, chunk: &[&String], _: Deadline) -> Vec<Outcome<&'static str>> {
        let chunk: Vec<String> = chunk.iter().map(|&item| item.clone()).collect();
        if let Some((clock, pause)) = self.1 {
            clock.sleep(pause).await;
        }
        self.seen().chunks.push(chunk.clone());
        let outcome = |item: &String| match item.split(' ').next() {
            Some("done") => Outcome::Success,
            Some("known") => Outcome::Neutral,
            Some("bad") => Outcome::Permanent("bad"),
            Some("panic") => panic!("provoked"),
            _ => Outcome::Retryable("busy".to_owned()),
        };
        let mut outcomes: Vec<_> = chunk.iter().map(outcome).collect();
        if chunk.iter().any(|item| item.starts_with("shorten")) {
            outcomes.pop();
        }
        outcomes
    }

    async fn last_look(&self, item: &String, _: Deadline) -> Fate {
        self.seen().looked_at.push(item.clone());
        match item.rsplit(' ').next() {
            Some("unseen") => Fate::Done,
            Some("known") => Fate::Known,
            Some("lost") => Fate::Unknown("nobody knows".to_owned()),
            Some("blind") => panic!("provoked"),
            _ => Fate::Undone,
        }
    }

    async fn park(
        &self,
        record: &Record<'_>,
        item: Option<&String>,
        refusal: &Refusal<&'static str>,
        _: Deadline,
    ) -> Result<Parked, String> {
        let mut seen = self.seen();
        if seen.parking_fails {
            return Err("no bucket".to_owned());
        }
        let number = || record.position.sequence_number.map(str::to_owned);
        let name = item.cloned().or_else(number).unwrap();
        match seen.parked.insert(name, refusal.clone()) {
            None => Ok(Parked::Now),
            Some(_) => Ok(Parked::Before),
        }
    }

    fn settle(&self, item: Option<&String>, settled: Settled) -> Settled {
        self.seen().settled.push((item.cloned(), settled));
        settled
    }
}

/// A batch of records that came this many seconds ago.
fn batch(age: i64, data: &[&[u8]]) -> KinesisBatch {
    let record = |(index, data): (usize, &&[u8])| {
        json!({ "kinesis": {
            "sequenceNumber": (9 + index).to_string(),
            "data": STANDARD.encode_to_string(data),
            "approximateArrivalTimestamp": NOW - age,
        }})
    };
    let records: Vec<Value> = data.iter().enumerate().map(record).collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

fn run(script: &Script, age: i64, data: &[&str]) -> Summary {
    let data: Vec<&[u8]> = data.iter().map(|text| text.as_bytes()).collect();
    run_batch(script, &batch(age, &data))
}

fn run_batch(script: &Script, batch: &KinesisBatch) -> Summary {
    let now = Timestamp::from_second(NOW).unwrap();
    simulate(now, async |clock| {
        let driver = Driver::new(clock).parking_before(Duration::from_hours(1));
        let deadline = Deadline::after(Duration::from_mins(1), clock);
        driver.run(script, batch, deadline).await.unwrap()
    })
}

/// The counts, and the number that is reported: empty for none.
fn numbers(summary: &Summary) -> (u64, u64, u64, String) {
    let response = serde_json::to_value(&summary.response).unwrap();
    let failure = &response["batchItemFailures"][0]["itemIdentifier"];
    let again = failure.as_str().unwrap_or_default().to_owned();
    (summary.succeeded, summary.neutral, summary.failed, again)
}

fn again(number: u64) -> String {
    number.to_string()
}

fn no_more() -> String {
    String::new()
}

/// Older than fits into the hour of the mapping, less its margin.
const OLD: i64 = 53 * 60;

#[test]
fn each_record_has_the_outcome_it_was_given() {
    let script = Script::default();
    let batch = ["done 1", "known 2", "bad 3", "done 4", "done 5", "done 1"];
    let summary = run(&script, 0, &batch);
    assert_eq!(numbers(&summary), (3, 2, 1, no_more()));
    let seen = script.seen();
    assert_eq!(seen.parked["bad 3"], Refusal::Refused("bad"));
    let sizes: Vec<usize> = seen.chunks.iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 1]);
    assert_eq!(seen.settled.len(), 6);
}

#[test]
fn the_first_retryable_record_is_reported_and_no_chunk_begins_behind_it() {
    let script = Script::default();
    let batch = ["done 1", "busy 2", "bad 3", "done 4", "done 5"];
    let summary = run(&script, 0, &batch);
    assert_eq!(numbers(&summary), (2, 0, 0, again(10)));
    assert!(script.seen().parked.is_empty());
    assert_eq!(script.seen().chunks.len(), 1);
}

#[test]
fn a_panic_in_delivery_stays_with_its_record() {
    let script = Script::default();
    let summary = run(&script, 0, &["done 1", "done 2", "panic 3", "done 4"]);
    assert_eq!(numbers(&summary), (3, 0, 1, no_more()));
    assert_eq!(script.seen().parked["panic 3"], Refusal::Panic);
    let order: Vec<_> = script.seen().settled.clone();
    assert_eq!(order[2].0.as_deref(), Some("done 4"));
}

#[test]
fn a_record_that_panicked_after_its_work_is_no_failure() {
    let script = Script::default();
    let batch = ["panic 1 unseen", "panic 2 known", "panic 3"];
    let summary = run(&script, 0, &batch);
    assert_eq!(numbers(&summary), (1, 1, 1, no_more()));
    let summary = run(&script, 0, &["done 4", "panic 5 lost", "panic 6 blind"]);
    assert_eq!(numbers(&summary), (1, 0, 0, again(10)));
}

#[test]
fn a_panic_in_parsing_stays_with_its_record() {
    let script = Script::default();
    let summary = run(&script, 0, &["done 1", "unparsable", "done 3"]);
    assert_eq!(numbers(&summary), (2, 0, 1, no_more()));
    assert_eq!(script.seen().parked["10"], Refusal::Panic);
}

#[test]
fn a_missing_outcome_is_asked_for_again() {
    let script = Script::default();
    let summary = run(&script, 0, &["done 1", "shorten 2", "done 3"]);
    assert_eq!(numbers(&summary), (1, 0, 0, again(10)));
    let summary = run(&script, 0, &["done 1", "known shorten", "done 3"]);
    assert_eq!(numbers(&summary).3, no_more());
}

#[test]
fn what_is_about_to_expire_is_parked_and_holds_nobody_up() {
    let script = Script::default();
    let batch = ["busy 1", "done 2", "busy 3", "done 4", "done 5"];
    let summary = run(&script, OLD, &batch);
    assert_eq!(numbers(&summary), (3, 0, 2, no_more()));
    let expired = Refusal::Expired {
        cause: "busy".to_owned(),
    };
    assert_eq!(script.seen().parked["busy 1"], expired);
}

#[test]
fn an_expiring_record_is_looked_at_before_it_is_given_up() {
    let script = Script::default();
    let batch = ["busy 1 unseen", "busy 2 known", "busy 3", "busy 4 lost"];
    let summary = run(&script, OLD, &batch);
    assert_eq!(numbers(&summary), (1, 1, 1, again(12)));
    assert_eq!(script.seen().parked.len(), 1);
}

#[test]
fn what_was_parked_for_its_age_is_not_done_afterwards() {
    let script = Script::default();
    run(&script, OLD, &["busy 1"]);
    let sent = |script: &Script| script.seen().chunks.concat().len();
    let before = sent(&script);
    let summary = run(&script, OLD, &["busy 1"]);
    assert_eq!(numbers(&summary), (0, 1, 0, no_more()));
    assert_eq!(sent(&script), before);
    let batch = ["done 1", "busy 2 unreadable", "busy 3 uncounted", "busy 4"];
    let summary = run(&script, OLD, &batch);
    assert_eq!(numbers(&summary), (1, 0, 1, again(10)));
}

#[test]
fn a_record_of_unknown_or_lower_age_is_never_given_up() {
    let script = Script::default();
    let summary = run(&script, 52 * 60, &["busy 1"]);
    assert_eq!(numbers(&summary), (0, 0, 0, again(9)));

    let undated = r#"{"Records": [{"kinesis": {"sequenceNumber": "9", "data": "YnVzeQ=="}}]}"#;
    let undated = serde_json::from_str(undated).unwrap();
    let summary = run_batch(&script, &undated);
    assert_eq!(numbers(&summary), (0, 0, 0, again(9)));
}

#[test]
fn a_record_that_cannot_be_parked_is_delivered_again() {
    let script = Script::default();
    script.seen().parking_fails = true;
    let batch = ["done 1", "bad 2", "done 3", "known 4", "done 5"];
    let summary = run(&script, 0, &batch);
    assert_eq!(numbers(&summary), (2, 0, 0, again(10)));
    script.seen().parking_fails = false;
    let summary = run(&script, 0, &["bad 2", "known 3"]);
    assert_eq!(numbers(&summary), (0, 1, 1, no_more()));
    let summary = run(&script, 0, &["bad 2"]);
    assert_eq!(numbers(&summary), (0, 1, 0, no_more()));
}

#[test]
fn progress_is_reported_before_the_deadline() {
    let batch: Vec<Vec<u8>> = (0..40).map(|n| format!("done {n}").into_bytes()).collect();
    let batch: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
    let batch = tests::batch(0, &batch);
    simulate(Timestamp::UNIX_EPOCH, async |clock| {
        let script = Script(Mutex::default(), Some((clock, Duration::from_secs(4))));
        let driver = Driver::new(clock);
        let deadline = Deadline::after(Duration::from_secs(20), clock);
        let summary = driver.run(&script, &batch, deadline).await.unwrap();
        assert!(clock.monotonic() < Duration::from_secs(20));
        assert_eq!(numbers(&summary), (16, 0, 0, again(9 + 16)));
    });
}

#[test]
fn parts_of_an_aggregated_record_come_again_together() {
    let script = Script::default();
    let mut aggregate = Aggregate::new(1024);
    for data in ["done 2", "known 3", "busy 4", "bad 5"] {
        assert!(aggregate.push(&Entry::new("key", data)));
    }
    let aggregated = aggregate.into_entry().data;
    let batch = batch(0, &[b"done 1", &aggregated, b"done 6"]);
    let summary = run_batch(&script, &batch);
    assert_eq!(numbers(&summary), (2, 0, 0, again(10)));
}
