//! The outcome of an invocation, and what is counted for it.
#![cfg(test)]

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use case_creation::{Adapters, BatchResponse, CaseCreation, Config, Error, Event, Summary};
use case_services::Services;
use retry::{Backoff, Clock, Deadline, RetryPolicy};
use salesforce_stand_in::{Api, Ending, Fault, Rules};
use serde_json::{Value, json};
use tt_event::{Json, Source, TtEvent};
use tt_metrics::Capture;

mod answers;
mod connections;
mod discards;
mod faults;
mod limits;
mod log;
mod secrets;

/// Sequence numbers whose order as text is not their order as numbers.
const FIRST_NUMBER: u128 = 99_999_999_999_999_999_999_998;

/// The function with stand-ins for all services.
struct Bench {
    services: Services,
    function: CaseCreation,
    metrics: Capture,
}

impl Bench {
    async fn new() -> Self {
        Self::with_settings(&[]).await
    }

    async fn with_settings(settings: &[(&str, &str)]) -> Self {
        let metrics = tt_metrics::capture();
        let services = Services::start().await.unwrap();
        Self {
            function: Self::process(&services, settings),
            services,
            metrics,
        }
    }

    /// A process of the function, with its own memory.
    fn process(services: &Services, settings: &[(&str, &str)]) -> CaseCreation {
        let config = Config::from_lookup(|name| {
            let setting = settings.iter().find(|(key, _)| *key == name);
            match (setting, name) {
                (Some((_, value)), _) => Some((*value).to_owned()),
                (None, "PARKING_BUCKET") => Some("bucket".to_owned()),
                (None, "SALESFORCE_TOKEN_SECRET_ID" | "TOKEN_MANAGER_FUNCTION") => {
                    Some(name.to_lowercase())
                }
                (None, _) => None,
            }
        });
        let adapters = Adapters {
            retry: RetryPolicy {
                max_attempts: Some(4),
                backoff: Backoff::new(Duration::from_millis(1), Duration::from_millis(2)),
            },
            longest_call: Duration::from_millis(500),
            ..Adapters::default()
        };
        let aws = services.aws_config();
        CaseCreation::with_adapters(config.unwrap(), &aws, adapters).unwrap()
    }

    async fn run(&self, payloads: &[Vec<u8>]) -> Summary {
        self.handle(batch(payloads)).await.unwrap()
    }

    async fn handle(&self, event: Event) -> Result<Summary, Error> {
        let deadline = Deadline::after(Duration::from_mins(1), Clock::system());
        self.function.handle(event, deadline).await
    }

    fn counted(&self) -> (u64, u64) {
        let count = |metric| self.metrics.count(metric);
        (count("SFCaseCreated"), count("SFCaseFailed"))
    }

    fn cases(&self) -> usize {
        self.services.org().cases().len()
    }

    fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.services.org().script(Api::Create, faults);
    }

    fn script_finds(&self, faults: impl IntoIterator<Item = Fault>) {
        self.services.org().script(Api::Find, faults);
    }

    fn rules(&self, change: impl FnOnce(&mut Rules)) {
        self.services.org().change_rules(change);
    }

    /// Makes the org reject this event with this code.
    fn reject(&self, event: &TtEvent, code: &str) {
        let id = event.event_id.to_string();
        self.rules(|rules| drop(rules.refused.insert(id, code.to_owned())));
    }

    /// The sizes of the calls that create.
    fn calls(&self) -> Vec<usize> {
        let calls = self.services.org().calls();
        calls.iter().map(|call| call.records.len()).collect()
    }

    fn finds(&self) -> u64 {
        self.services.org().counts().finds
    }

    /// The parked document of an event.
    fn parked(&self, event: &TtEvent) -> Value {
        let key = format!("parked/case-creation/{}.json", event.event_id);
        self.services.aws().parked[&key].clone()
    }

    fn parked_count(&self) -> usize {
        self.services.aws().parked.len()
    }
}

fn store_then_hang() -> Fault {
    Fault::After(Ending::Hang)
}

fn hang() -> Fault {
    Fault::Instead(Ending::Hang)
}

fn down() -> Fault {
    Fault::refuse(503, "SERVER_UNAVAILABLE")
}

fn limit() -> Fault {
    Fault::refuse(403, "REQUEST_LIMIT_EXCEEDED")
}

fn batch(payloads: &[Vec<u8>]) -> Event {
    serde_json::from_str(&event_text(payloads, 1_767_225_600.5)).unwrap()
}

/// The event of a batch that arrived at this time.
fn event_text(payloads: &[Vec<u8>], arrived_at: f64) -> String {
    let record = |(index, payload): (usize, &Vec<u8>)| {
        json!({
            "eventID": "shardId-000000000000:1",
            "eventSource": "aws:kinesis",
            "kinesis": {
                "sequenceNumber": number(index),
                "data": STANDARD.encode(payload),
                "approximateArrivalTimestamp": arrived_at,
            },
        })
    };
    let records: Vec<Value> = payloads.iter().enumerate().map(record).collect();
    json!({ "Records": records }).to_string()
}

fn number(index: usize) -> String {
    (FIRST_NUMBER + index as u128).to_string()
}

fn event(index: u64) -> TtEvent {
    let source = Source::new("bucket", "incoming/a.csv", "v1", index);
    TtEvent::new(
        source,
        "2026-01-01T00:00:00Z",
        format!("r-{index}"),
        "c-1",
        "kyc_review",
    )
}

/// An event that Salesforce rejects, because its subject is too long.
fn too_long(index: u64) -> TtEvent {
    let mut event = event(index);
    event.subject = Some(Json::from_text(&"x".repeat(300)));
    event
}

fn encoded(events: &[TtEvent]) -> Vec<Vec<u8>> {
    events.iter().map(TtEvent::encode).collect()
}

fn events(count: u64) -> Vec<Vec<u8>> {
    encoded(&(0..count).map(event).collect::<Vec<_>>())
}

fn retry_from(index: usize) -> BatchResponse {
    BatchResponse::retry_from(Some(number(index)))
}

#[tokio::test]
async fn five_events_are_five_cases() {
    let bench = Bench::new().await;
    let summary = bench.run(&events(5)).await;
    assert_eq!(bench.cases(), 5);
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (5, 0));
}

#[tokio::test]
async fn a_replay_counts_nothing() {
    let bench = Bench::new().await;
    bench.run(&events(5)).await;
    let summary = bench.run(&events(5)).await;
    assert_eq!((summary.succeeded, summary.neutral), (0, 5));
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!((bench.cases(), bench.counted()), (5, (5, 0)));
}

#[tokio::test]
async fn an_event_that_is_twice_in_a_batch_is_one_case() {
    let bench = Bench::new().await;
    let summary = bench.run(&encoded(&[event(0), event(0), event(1)])).await;
    assert_eq!((summary.succeeded, summary.neutral), (2, 1));
    assert_eq!(bench.calls(), [2]);
    assert_eq!(bench.counted(), (2, 0));
}

#[tokio::test]
async fn rejected_events_are_parked_and_block_no_others() {
    let bench = Bench::new().await;
    let batch = encoded(&[event(0), too_long(1), too_long(2), event(3), too_long(4)]);
    let summary = bench.run(&batch).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (2, 3));
    assert_eq!(bench.parked_count(), 3);
    let parked = bench.parked(&event(1));
    assert_eq!(parked["code"], "STRING_TOO_LONG");
    assert_eq!(parked["payload"]["record_id"], "r-1");
}

#[tokio::test]
async fn a_rejected_event_that_is_delivered_again_is_not_counted_again() {
    let bench = Bench::new().await;
    bench.run(&encoded(&[too_long(0)])).await;
    let summary = bench.run(&encoded(&[too_long(0)])).await;
    assert_eq!((summary.failed, summary.neutral), (0, 1));
    assert_eq!(bench.counted(), (0, 1));
}

#[tokio::test]
async fn a_record_that_is_no_event_is_parked_by_its_sequence_number() {
    let bench = Bench::new().await;
    let batch = [
        event(0).encode(),
        b"{\"schema\": 1".to_vec(),
        event(2).encode(),
    ];
    let summary = bench.run(&batch).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (2, 1));
    let aws = bench.services.aws();
    let parked = &aws.parked[&format!("parked/case-creation/{}.json", number(1))];
    assert_eq!(parked["code"], "NOT_A_TT_EVENT");
    assert_eq!(parked["payload_base64"], STANDARD.encode("{\"schema\": 1"));
}

#[tokio::test]
async fn the_first_pending_record_is_reported_and_the_counts_are_exact_in_the_end() {
    let bench = Bench::new().await;
    for busy in [event(1), event(3)] {
        bench.reject(&busy, "UNABLE_TO_LOCK_ROW");
    }
    let batch = encoded(&[
        too_long(0),
        event(1),
        event(2),
        event(3),
        too_long(4),
        event(5),
    ]);
    let summary = bench.run(&batch).await;
    assert_eq!(summary.response, retry_from(1));
    // The created Case counts at once. The rejected record behind the pending one is delivered again.
    assert_eq!(bench.counted(), (2, 1));
    assert_eq!(bench.parked_count(), 1);

    bench.rules(|rules| rules.refused.clear());
    let summary = bench.run(&batch[1..]).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!((bench.cases(), bench.counted()), (4, (4, 2)));
}

#[tokio::test]
async fn calls_contain_at_most_two_hundred_records_and_stop_behind_a_pending_one() {
    let bench = Bench::new().await;
    let summary = bench.run(&events(450)).await;
    assert_eq!(summary.succeeded, 450);
    assert_eq!(bench.calls(), [200, 200, 50]);

    bench.reject(&event(1_210), "SERVER_UNAVAILABLE");
    let batch = encoded(&(1_000..1_450).map(event).collect::<Vec<_>>());
    let summary = bench.run(&batch).await;
    assert_eq!(summary.response, retry_from(210));
    assert_eq!(summary.succeeded, 399);
    assert_eq!(bench.counted(), (849, 0));
}

#[tokio::test]
async fn without_time_nothing_is_started() {
    let bench = Bench::new().await;
    let deadline = Deadline::after(Duration::from_millis(400), Clock::system());
    let event = batch(&events(2));
    let summary = bench.function.handle(event, deadline).await.unwrap();
    assert_eq!(summary.response, retry_from(0));
    assert!(bench.calls().is_empty());
    assert_eq!(bench.counted(), (0, 0));
}

#[tokio::test]
async fn an_event_of_another_kind_is_an_error() {
    let bench = Bench::new().await;
    let event = serde_json::from_str(r#"{"action": "refresh"}"#).unwrap();
    assert!(matches!(
        bench.handle(event).await,
        Err(Error::UnknownEvent)
    ));
}
