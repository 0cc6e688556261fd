//! What becomes of a batch, and what is counted for it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tt_event::{Json, Source, TtEvent};
use tt_metrics::Capture;

use super::*;
use crate::stand_in::StandIn;

mod connections;
mod discards;
mod faults;
mod limits;
mod secrets;

/// Sequence numbers whose order as text is not their order as numbers.
const FIRST_NUMBER: u128 = 99_999_999_999_999_999_999_998;

/// The function on a stand-in.
struct Bench {
    outside: StandIn,
    function: CaseCreation,
    metrics: Capture,
}

impl Bench {
    async fn new() -> Self {
        Self::with_mapping(None).await
    }

    async fn with_mapping(mapping: Option<&str>) -> Self {
        let metrics = tt_metrics::capture();
        let outside = StandIn::start().await;
        let config = Config::from_lookup(|name| match name {
            "PARKING_BUCKET" => Some("bucket".to_owned()),
            "CASE_MAPPING" => mapping.map(str::to_owned),
            "SALESFORCE_API_VERSION" | "MAX_RECORD_AGE_SECONDS" => None,
            other => Some(other.to_lowercase()),
        });
        let mut function = CaseCreation::new(config.unwrap(), &outside.aws()).unwrap();
        function.patience = Patience {
            attempts: 4,
            backoff: Backoff {
                base: Duration::from_millis(1),
                cap: Duration::from_millis(2),
            },
        };
        function.longest_call = Duration::from_millis(500);
        Self {
            outside,
            function,
            metrics,
        }
    }

    async fn run(&self, payloads: &[Vec<u8>]) -> Summary {
        self.handle(Event::Batch(batch(payloads))).await.unwrap()
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
        self.outside.world().cases.len()
    }
}

fn batch(payloads: &[Vec<u8>]) -> KinesisBatch {
    serde_json::from_str(&event_text(payloads)).unwrap()
}

/// The event of a batch.
fn event_text(payloads: &[Vec<u8>]) -> String {
    let record = |(index, payload): (usize, &Vec<u8>)| {
        json!({
            "eventID": "shardId-000000000000:1",
            "eventSource": "aws:kinesis",
            "kinesis": {
                "sequenceNumber": number(index),
                "data": STANDARD.encode(payload),
                "approximateArrivalTimestamp": 1_767_225_600.5,
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

/// An event that Salesforce refuses: its subject is too long.
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

fn again_from(index: usize) -> BatchResponse {
    BatchResponse::again_from(Some(number(index)))
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
async fn an_event_that_stands_twice_in_a_batch_is_one_case() {
    let bench = Bench::new().await;
    let summary = bench.run(&encoded(&[event(0), event(0), event(1)])).await;
    assert_eq!((summary.succeeded, summary.neutral), (2, 1));
    assert_eq!(bench.outside.world().calls, [2]);
    assert_eq!(bench.counted(), (2, 0));
}

#[tokio::test]
async fn refused_events_are_parked_and_hold_nobody_up() {
    let bench = Bench::new().await;
    let batch = encoded(&[event(0), too_long(1), too_long(2), event(3), too_long(4)]);
    let summary = bench.run(&batch).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (2, 3));
    let world = bench.outside.world();
    assert_eq!(world.parked.len(), 3);
    let key = format!("parked/case-creation/{}.json", event(1).event_id);
    let parked = &world.parked[&key];
    assert_eq!(parked["code"], "STRING_TOO_LONG");
    assert_eq!(parked["payload"]["record_id"], "r-1");
}

#[tokio::test]
async fn a_refused_event_that_comes_again_is_not_counted_again() {
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
    let world = bench.outside.world();
    let parked = &world.parked[&format!("parked/case-creation/{}.json", number(1))];
    assert_eq!(parked["code"], "NOT_A_TT_EVENT");
    assert_eq!(parked["payload_base64"], STANDARD.encode("{\"schema\": 1"));
}

#[tokio::test]
async fn the_lowest_open_record_is_reported_and_what_follows_is_exact_after_all() {
    let bench = Bench::new().await;
    let busy = [event(1), event(3)].map(|event| event.event_id.to_string());
    for id in &busy {
        bench
            .outside
            .world()
            .refused
            .insert(id.clone(), "UNABLE_TO_LOCK_ROW");
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
    assert_eq!(summary.response, again_from(1));
    // What was created counts at once; what was refused behind the open record comes again.
    assert_eq!(bench.counted(), (2, 1));
    assert_eq!(bench.outside.world().parked.len(), 1);

    bench.outside.world().refused.clear();
    let summary = bench.run(&batch[1..]).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!((bench.cases(), bench.counted()), (4, (4, 2)));
}

#[tokio::test]
async fn calls_hold_at_most_two_hundred_and_stop_behind_an_open_record() {
    let bench = Bench::new().await;
    let summary = bench.run(&events(450)).await;
    assert_eq!(summary.succeeded, 450);
    assert_eq!(bench.outside.world().calls, [200, 200, 50]);

    let id = event(1_210).event_id.to_string();
    bench
        .outside
        .world()
        .refused
        .insert(id, "SERVER_UNAVAILABLE");
    let batch = encoded(&(1_000..1_450).map(event).collect::<Vec<_>>());
    let summary = bench.run(&batch).await;
    assert_eq!(summary.response, again_from(210));
    assert_eq!(summary.succeeded, 399);
    assert_eq!(bench.counted(), (849, 0));
}

#[tokio::test]
async fn without_time_nothing_is_started() {
    let bench = Bench::new().await;
    let deadline = Deadline::after(Duration::from_millis(400), Clock::system());
    let event = Event::Batch(batch(&events(2)));
    let summary = bench.function.handle(event, deadline).await.unwrap();
    assert_eq!(summary.response, again_from(0));
    assert!(bench.outside.world().calls.is_empty());
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
