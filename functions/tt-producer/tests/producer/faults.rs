//! Failures of S3, Kinesis or time: every record is published or parked, and counted once.

use std::time::Duration;

use crate::fake::{
    bench::{Bench, ids, lines, notification, record},
    kinesis::Answer,
    s3::{E_TAG, Fault},
};
use serde_json::json;

#[tokio::test]
async fn a_retried_record_counts_once() {
    let bench = Bench::new([Answer::Refuse(vec![1, 3]), Answer::Refuse(vec![0])]).await;
    bench.upload("incoming/a.jsonl", lines(5)).await;
    assert_eq!(bench.counts(), [5, 5, 0]);
    assert_eq!(bench.kinesis.requests(), [5, 2, 1]);
}

#[tokio::test]
async fn a_throttled_request_counts_nothing_by_itself() {
    let throttle = Answer::Error(400, "ProvisionedThroughputExceededException");
    let bench = Bench::new([throttle, Answer::Break]).await;
    bench.upload("incoming/a.jsonl", lines(5)).await;
    assert_eq!(bench.counts(), [5, 5, 0]);
}

#[tokio::test]
async fn a_record_refused_to_the_end_is_parked_and_the_others_are_published() {
    let refuse = |position| Answer::Refuse(vec![position]);
    let bench = Bench::new([refuse(7), refuse(0), refuse(0)]).await;
    let summary = bench.upload("incoming/a.jsonl", lines(10)).await;
    assert_eq!(bench.counts(), [10, 9, 1]);
    assert_eq!(summary.parked, 1);
    let parked = bench.parked();
    assert_eq!(parked[0]["content"], record(7));
    assert!(
        parked[0]["reason"]
            .as_str()
            .unwrap()
            .contains("ProvisionedThroughputExceeded")
    );
}

#[tokio::test]
async fn a_missing_stream_fails_every_record_and_keeps_them_all() {
    let bench = Bench::new([]).await;
    bench
        .kinesis
        .always(Answer::Error(400, "ResourceNotFoundException"));
    bench.upload("incoming/a.jsonl", lines(1200)).await;
    assert_eq!(bench.counts(), [1200, 0, 1200]);
    let parked = bench.parked();
    assert_eq!(parked.len(), 1001);
    let range = parked.iter().find(|line| line["rest"].is_object()).unwrap();
    assert_eq!(
        (&range["index"], &range["rest"]["until"]),
        (&1000.into(), &1200.into())
    );
}

#[tokio::test]
async fn a_record_above_the_stream_limit_fails_alone() {
    let bench = Bench::with([], |config| config.limits.record_bytes = 2000).await;
    let big = record(1).replace("review", &"x".repeat(2000));
    bench
        .upload(
            "incoming/a.jsonl",
            format!("{}\n{big}\n{}\n", record(0), record(2)),
        )
        .await;
    assert_eq!(bench.counts(), [3, 2, 1]);
    assert_eq!(bench.kinesis.requests(), [2]);
    assert_eq!(bench.parked()[0]["content"], big);
}

#[tokio::test]
async fn a_record_that_spoils_its_request_fails_alone() {
    let bench = Bench::new([]).await;
    bench.kinesis.always(Answer::Poison("\"r-3\""));
    bench.upload("incoming/a.jsonl", lines(7)).await;
    assert_eq!(bench.counts(), [7, 6, 1]);
    assert_eq!(bench.parked()[0]["content"], record(3));
}

#[tokio::test]
async fn an_answer_for_another_number_of_records_fails_them_all() {
    let bench = Bench::new([Answer::Results(4)]).await;
    bench.upload("incoming/a.jsonl", lines(5)).await;
    assert_eq!(bench.counts(), [5, 0, 5]);
    assert_eq!(bench.parked().len(), 5);
}

#[tokio::test]
async fn a_large_file_goes_out_in_batches_and_in_order_of_the_file() {
    let bench = Bench::with([], |config| config.in_flight = 1).await;
    bench.upload("incoming/a.jsonl", lines(1234)).await;
    assert_eq!(bench.counts(), [1234, 1234, 0]);
    assert_eq!(bench.kinesis.requests(), [500, 500, 234]);
    assert_eq!(bench.ids(), ids(1234));
}

#[tokio::test]
async fn a_repeated_notification_gives_the_same_event_ids() {
    let bench = Bench::new([]).await;
    bench.upload("incoming/a.jsonl", lines(3)).await;
    bench.upload("incoming/a.jsonl", lines(3)).await;
    let ids: Vec<_> = bench
        .events()
        .into_iter()
        .map(|event| event.event_id)
        .collect();
    assert_eq!(ids[..3], ids[3..]);
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_repeated_failure_overwrites_what_was_parked() {
    let bench = Bench::with([], |config| config.parked_bytes = 1000).await;
    let file = "oops\n".repeat(20);
    bench.upload("incoming/a.jsonl", file.as_str()).await;
    let parked = bench.parked();
    assert_eq!(parked.len(), 20);
    assert!(bench.s3.under("bucket/parked/").len() > 1);
    bench.upload("incoming/a.jsonl", file).await;
    assert_eq!(bench.parked(), parked);
}

#[tokio::test]
async fn parking_that_fails_is_no_error_of_the_invocation() {
    let bench = Bench::new([]).await;
    bench.s3.refuse_writes();
    let summary = bench
        .upload("incoming/a.jsonl", format!("oops\n{}\n", record(0)))
        .await;
    assert_eq!(
        (summary.published, summary.failed, summary.parked),
        (1, 1, 0)
    );
    assert_eq!(bench.counts(), [2, 1, 1]);
}

#[tokio::test]
async fn an_object_that_cannot_be_opened_is_an_error_and_counts_nothing() {
    for (status, code) in [(404, "NoSuchKey"), (403, "AccessDenied"), (503, "SlowDown")] {
        let bench = Bench::new([]).await;
        bench.s3.fail([Fault::Error(status, code)]);
        let error = bench
            .handle(&notification(&[("incoming/a.csv", 9)]))
            .await
            .unwrap_err();
        let expected = format!("failed to read `incoming/a.csv` in bucket `bucket`: {code}");
        assert_eq!(error.to_string(), expected);
        assert_eq!(bench.counts(), [0, 0, 0]);
    }
}

#[tokio::test]
async fn an_object_that_cannot_be_opened_beside_a_counted_one_is_one_failed_record() {
    let bench = Bench::new([]).await;
    bench.s3.hold("bucket/incoming/b.jsonl", lines(2));
    let payload = notification(&[("incoming/a.jsonl", 9), ("incoming/b.jsonl", 9)]);
    let summary = bench.handle(&payload).await.unwrap();
    assert_eq!(bench.counts(), [3, 2, 1]);
    assert_eq!((summary.objects, summary.parked), (2, 1));
    assert_eq!(bench.parked()[0]["key"], "incoming/a.jsonl");
}

#[tokio::test]
async fn a_body_that_breaks_is_read_on_where_it_broke() {
    let bench = Bench::new([]).await;
    bench.s3.fail([Fault::Cut(100), Fault::Cut(7)]);
    bench.upload("incoming/a.jsonl", lines(50)).await;
    assert_eq!(bench.counts(), [50, 50, 0]);
    assert_eq!(bench.ids(), ids(50));
    let reads = bench.s3.reads();
    assert_eq!(reads[0], "versionId=v1");
    assert_eq!(reads[1], format!("versionId=v1 \"{E_TAG}\" bytes=100-"));
    assert_eq!(reads[2], format!("versionId=v1 \"{E_TAG}\" bytes=107-"));
}

#[tokio::test]
async fn a_body_that_stays_broken_is_one_failed_record_for_the_rest() {
    let bench = Bench::new([]).await;
    bench
        .s3
        .fail([Fault::Cut(150), Fault::Error(404, "NoSuchKey")]);
    bench.upload("incoming/a.jsonl", lines(50)).await;
    assert_eq!(bench.counts(), [3, 2, 1]);
    let parked = bench.parked();
    assert_eq!(
        (&parked[0]["index"], &parked[0]["offset"]),
        (&2.into(), &124.into())
    );
    assert_eq!(parked[0]["truncated"], true);
    assert!(parked[0]["reason"].as_str().unwrap().contains("NoSuchKey"));
}

#[tokio::test]
async fn a_body_that_breaks_before_its_first_record_is_an_error_and_counts_nothing() {
    let bench = Bench::new([]).await;
    let payload = notification(&[("incoming/a.jsonl", 9)]);
    bench.s3.hold("bucket/incoming/a.jsonl", lines(50));
    bench
        .s3
        .fail([Fault::Cut(20), Fault::Error(503, "SlowDown")]);
    let error = bench.handle(&payload).await.unwrap_err();
    assert!(error.to_string().ends_with("SlowDown"), "{error}");
    assert_eq!(bench.counts(), [0, 0, 0]);
    bench.handle(&payload).await.unwrap();
    assert_eq!(bench.counts(), [50, 50, 0]);
}

#[tokio::test]
async fn without_version_the_entity_tag_guards_the_read() {
    let bench = Bench::new([]).await;
    bench.s3.hold("bucket/incoming/a.jsonl", lines(1));
    let mut payload = notification(&[("incoming/a.jsonl", 9)]);
    let object = payload["Records"][0]["s3"]["object"]
        .as_object_mut()
        .unwrap();
    object.remove("versionId");
    bench.handle(&payload).await.unwrap();
    assert_eq!(bench.s3.reads(), [format!("\"{E_TAG}\"")]);
    assert_eq!(bench.events()[0].source.version, E_TAG);
    payload["Records"][0]["s3"]["object"]["eTag"] = json!("overwritten");
    let error = bench.handle(&payload).await.unwrap_err();
    assert!(error.to_string().ends_with("PreconditionFailed"), "{error}");
}

#[tokio::test]
async fn encoded_keys_are_read_decoded() {
    let bench = Bench::new([]).await;
    bench
        .s3
        .hold("bucket/incoming/a%20b%2B%C3%A9.jsonl", lines(1));
    let payload = notification(&[("incoming/a+b%2B%C3%A9.jsonl", 9)]);
    assert_eq!(bench.handle(&payload).await.unwrap().published, 1);
    assert_eq!(bench.events()[0].source.key, "incoming/a b+é.jsonl");
}

#[tokio::test]
async fn folders_empty_objects_own_output_and_test_events_move_nothing() {
    let bench = Bench::new([]).await;
    let objects = [
        ("incoming/", 1),
        ("incoming/a.csv", 0),
        ("parked/x.ndjson", 9),
    ];
    assert_eq!(
        bench.handle(&notification(&objects)).await.unwrap().skipped,
        3
    );
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "bucket"});
    assert_eq!(bench.handle(&test).await.unwrap().objects, 0);
    assert!(bench.s3.reads().is_empty());
    assert_eq!(bench.counts(), [0, 0, 0]);
}

#[tokio::test]
async fn a_payload_of_another_kind_is_an_error() {
    let bench = Bench::new([]).await;
    let error = bench
        .handle(&json!({"detail": "secret"}))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("payload is no S3 notification"),
        "{error}"
    );
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[tokio::test]
async fn records_that_are_open_near_the_deadline_are_parked() {
    let bench = Bench::new([Answer::Hang]).await;
    bench.s3.hold("bucket/incoming/a.jsonl", lines(50));
    bench.s3.fail([Fault::Stall(150)]);
    let payload = notification(&[("incoming/a.jsonl", 9)]);
    let summary = bench
        .handle_within(&payload, Duration::from_millis(800))
        .await;
    assert_eq!(bench.counts(), [3, 0, 3]);
    assert_eq!((summary.failed, summary.parked), (3, 3));
    let parked = bench.parked();
    assert_eq!(parked[0]["reason"], "out of time, attempts: 1");
    assert_eq!(parked[2]["reason"], "rest of the file: out of time");
    assert_eq!(parked[2]["offset"], 124);
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_permitted() {
    let bench = Bench::with([], |config| {
        config.in_flight = 3;
        config.limits.request_records = 10;
    })
    .await;
    bench.kinesis.always(Answer::Hang);
    bench.s3.hold("bucket/incoming/a.jsonl", lines(200));
    let notification = notification(&[("incoming/a.jsonl", 1)]);
    let summary = bench
        .handle_within(&notification, Duration::from_secs(2))
        .await;
    // None ends before the time for publishing is over, so all that were ever sent were open at once.
    assert_eq!(bench.kinesis.requests(), [10; 3]);
    assert_eq!((summary.published, summary.failed), (0, summary.received));
}
