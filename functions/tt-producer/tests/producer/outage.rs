//! S3 and the queue refuse what an invocation leaves behind: it is tried again, and the log contains the payload of a replay.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::fake::{
    bench::{Bench, ids, lines, notification},
    log::Log,
    s3::Fault,
    sqs::QUEUE,
};

const INVOCATION: Duration = Duration::from_secs(2);

/// A bench whose clients are already connected, because the invocations are short.
async fn with_queue() -> Bench {
    let bench = Bench::with([], |config| config.queue = Some(QUEUE.to_owned())).await;
    bench.s3.hold("bucket/incoming/first.jsonl", lines(1));
    bench.s3.fail([Fault::Stall(0)]);
    let payload = notification(&[("incoming/first.jsonl", 9)]);
    bench.handle_within(&payload, INVOCATION).await;
    let rest = bench.sqs.receive().unwrap();
    assert_eq!(bench.handle(&rest).await.unwrap().published, 1);
    bench
}

/// The payloads in the log with which records are read once more.
fn replays(log: &Log) -> Vec<Value> {
    let replays = log.field("replay").into_iter();
    replays
        .map(|replay| serde_json::from_str(&replay).unwrap())
        .collect()
}

#[tokio::test]
async fn a_write_that_fails_for_a_moment_is_tried_again() {
    let bench = Bench::new([]).await;
    bench.s3.fail_writes([
        Fault::Error(503, "SlowDown"),
        Fault::Error(400, "RequestTimeout"),
        Fault::Error(500, "InternalError"),
    ]);
    let summary = bench.upload("incoming/a.jsonl", "oops\n").await;
    assert_eq!((summary.failed, summary.parked), (1, 1));
    assert_eq!(bench.parked().len(), 1);
}

#[tokio::test]
async fn a_write_that_hangs_leaves_time_for_another_one() {
    let bench = Bench::new([]).await;
    bench.s3.fail_writes([Fault::Stall(0)]);
    bench.s3.hold("bucket/incoming/a.jsonl", "oops\n");
    let payload = notification(&[("incoming/a.jsonl", 5)]);
    let summary = bench.handle_within(&payload, INVOCATION).await;
    assert_eq!((summary.failed, summary.parked), (1, 1));
}

#[tokio::test]
async fn a_write_that_is_refused_is_not_tried_again() {
    let bench = Bench::new([]).await;
    bench.s3.refuse_writes();
    let summary = bench.upload("incoming/a.jsonl", "oops\n").await;
    assert_eq!((summary.failed, summary.parked), (1, 0));
    assert_eq!(bench.s3.writes(), 1);
}

#[tokio::test]
async fn writes_that_hang_end_with_the_time_of_the_invocation() {
    let bench = Bench::with([], |config| config.parked_bytes = 1).await;
    let log = Log::keep();
    bench.s3.fail_writes([const { Fault::Stall(0) }; 200]);
    bench
        .s3
        .hold("bucket/incoming/a.jsonl", "oops\n".repeat(40));
    let payload = notification(&[("incoming/a.jsonl", 200)]);
    let began = Instant::now();
    let summary = bench.handle_within(&payload, INVOCATION).await;
    assert!(began.elapsed() < INVOCATION, "{:?}", began.elapsed());
    // The first line takes all the time, so that the others are the rest of the file.
    assert_eq!((summary.failed, summary.parked), (2, 0));
    assert_eq!(log.field("cause").len(), 2);
}

#[tokio::test]
async fn a_queue_that_hangs_leaves_time_for_parking() {
    let bench = with_queue().await;
    bench.sqs.hang();
    bench.s3.hold("bucket/incoming/a.jsonl", lines(50));
    bench.s3.fail([Fault::Stall(1000)]);
    let payload = notification(&[("incoming/a.jsonl", 9)]);
    let summary = bench.handle_within(&payload, INVOCATION).await;
    assert_eq!(
        (summary.handed_on, summary.failed),
        (0, summary.parked),
        "{summary:?}"
    );
    let parked = bench.parked();
    let last = parked.last().unwrap();
    assert_eq!(last["reason"], "rest of the file: out of time");
}

#[tokio::test]
async fn a_rest_that_is_not_parked_is_read_by_the_payload_in_the_log() {
    let bench = with_queue().await;
    let log = Log::keep();
    bench.sqs.close();
    bench.s3.refuse_writes();
    bench.s3.hold("bucket/incoming/a.jsonl", lines(50));
    bench.s3.fail([Fault::Stall(1000)]);
    let payload = notification(&[("incoming/a.jsonl", 9)]);
    let summary = bench.handle_within(&payload, INVOCATION).await;
    assert_eq!((summary.failed, summary.parked), (1, 0), "{summary:?}");
    let [received, published, failed] = bench.counts();
    assert_eq!((received, failed), (published + 1, 1));
    let before = bench.ids().len();
    assert!(!log.text().contains("c-1"), "content of a record is logged");
    let [replay] = replays(&log).try_into().unwrap();
    bench.handle(&replay).await.unwrap();
    assert!(before > 1 && bench.ids()[1..] == ids(50));
    assert_eq!(bench.counts(), [52, 51, 1]);
}

#[tokio::test]
async fn records_that_are_not_parked_are_read_by_the_payload_in_the_log_under_the_same_ids() {
    let bench = with_queue().await;
    let log = Log::keep();
    bench.sqs.close();
    bench.s3.refuse_writes();
    let file = format!("{}oops\n{}", lines(3), lines(40));
    bench.s3.hold("bucket/incoming/a.jsonl", file);
    bench.s3.fail([Fault::Stall(1000)]);
    let payload = notification(&[("incoming/a.jsonl", 9)]);
    let summary = bench.handle_within(&payload, INVOCATION).await;
    assert_eq!((summary.failed, summary.parked), (2, 0), "{summary:?}");
    assert!(
        !log.text().contains("oops"),
        "content of a record is logged"
    );
    let [replay] = replays(&log).try_into().unwrap();
    bench.s3.accept_writes();
    let replayed = bench.handle(&replay).await.unwrap();
    assert_eq!(
        (replayed.received, replayed.failed, replayed.parked),
        (44, 1, 1)
    );
    assert_eq!(bench.parked()[0]["content"], "oops");
    let events = bench.events().into_iter().skip(1);
    let events: BTreeSet<_> = events.map(|event| event.event_id.to_string()).collect();
    assert_eq!(events.len(), 43);
}
