//! Batches that the event source mapping discarded.

use super::*;

const KEY: &str = "aws/lambda/8f1c/shardId-000000000000/2026/01/01/2026-01-01T00.00.00-1 a";

/// The report of the mapping about a batch of these records.
pub(super) fn record_of(payloads: &[Vec<u8>]) -> Value {
    json!({
        "requestContext": {
            "requestId": "c9b8fa9f-5a7f-4f1c-af9c-0c604cde93a5",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:case-creation",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "version": "1.0",
        "KinesisBatchInfo": {"shardId": "shardId-000000000000", "batchSize": payloads.len()},
        "payload": event_text(payloads, 1_767_225_600.5),
    })
}

pub(super) fn read(event: &Value) -> Event {
    serde_json::from_str(&event.to_string()).unwrap()
}

/// The notification of S3 about an object.
fn notification(key: &str) -> Event {
    read(&notification_of(&[key]))
}

/// The notification of S3 about some objects.
pub(super) fn notification_of(keys: &[&str]) -> Value {
    let record = |key: &&str| {
        json!({
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "bucket"}, "object": {"key": key, "size": 1, "eTag": "e"}},
        })
    };
    json!({ "Records": keys.iter().map(record).collect::<Vec<_>>() })
}

/// A bench with a discarded batch of one event at `a`, one of two at `c`, and something else at `b`.
async fn three_objects() -> Bench {
    let bench = Bench::new().await;
    let a = record_of(&encoded(&[event(0)])).to_string().into_bytes();
    let c = record_of(&encoded(&[event(1), event(2)])).to_string();
    let b = b"<html>".to_vec();
    for (key, content) in [("a", a), ("b", b), ("c", c.into_bytes())] {
        bench.services.aws().objects.insert(key.to_owned(), content);
    }
    bench
}

async fn discarded(payloads: &[Vec<u8>]) -> Bench {
    let bench = Bench::new().await;
    let content = record_of(payloads).to_string().into_bytes();
    let key = KEY.replace(' ', "%20");
    bench.services.aws().objects.insert(key, content);
    bench
}

#[tokio::test]
async fn each_discarded_record_that_is_no_case_is_counted_and_kept_once() {
    let batch = [event(0).encode(), event(1).encode(), b"{".to_vec()];
    let bench = discarded(&batch).await;
    bench.run(&events(1)).await;
    assert_eq!(bench.counted(), (1, 0));
    for delivery in 0..3 {
        let summary = bench
            .handle(notification(&KEY.replace(' ', "+")))
            .await
            .unwrap();
        let failed = if delivery == 0 { 2 } else { 0 };
        assert_eq!((summary.failed, summary.neutral), (failed, 3 - failed));
    }
    assert_eq!(bench.counted(), (1, 2));
    let aws = bench.services.aws();
    let key = format!("parked/case-creation/{}.json", event(1).event_id);
    assert_eq!(aws.parked[&key]["code"], "RetryAttemptsExhausted");
    assert_eq!(aws.parked[&key]["payload"]["record_id"], "r-1");
    // The Cases of a discarded batch are not created.
    drop(aws);
    assert_eq!((bench.calls().len(), bench.cases()), (1, 1));
}

#[tokio::test]
async fn records_that_cannot_be_decided_yet_are_an_error_and_counted_later() {
    let bench = discarded(&events(2)).await;
    bench.script_finds([Fault::None, down()]);
    let error = bench.handle(notification(KEY)).await.unwrap_err();
    assert!(matches!(error, Error::Undecided { .. }), "{error}");
    bench.handle(notification(KEY)).await.unwrap();
    assert_eq!(bench.counted(), (0, 2));
}

#[tokio::test]
async fn a_record_that_was_parked_before_it_was_discarded_is_not_counted_again() {
    let batch = [too_long(0).encode()];
    let bench = discarded(&batch).await;
    bench.run(&batch).await;
    bench.handle(notification(KEY)).await.unwrap();
    assert_eq!(bench.counted(), (0, 1));
}

#[tokio::test]
async fn the_report_can_be_sent_as_the_event() {
    let bench = Bench::new().await;
    let event = serde_json::from_str(&record_of(&events(2)).to_string()).unwrap();
    bench.handle(event).await.unwrap();
    assert_eq!(bench.counted(), (0, 2));
}

#[tokio::test]
async fn a_missing_object_or_one_that_is_no_report_is_an_error() {
    let bench = discarded(&events(1)).await;
    let error = bench
        .handle(notification("aws/lambda/gone"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("NoSuchKey"), "{error}");
    let key = "aws/lambda/odd".to_owned();
    bench.services.aws().objects.insert(key, b"[]".to_vec());
    let error = bench
        .handle(notification("aws/lambda/odd"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Discarded { .. }), "{error}");
}

#[tokio::test]
async fn an_unreadable_object_does_not_affect_the_others_of_its_notification() {
    let bench = three_objects().await;
    let notification = notification_of(&["a", "b", "%FF", "c"]);
    // Lambda repeats a failed invocation, and S3 may notify twice.
    for _ in 0..3 {
        let event = read(&notification.clone());
        let error = bench.handle(event).await.unwrap_err();
        assert!(matches!(error, Error::Notification(_)), "{error}");
        assert_eq!(bench.counted(), (0, 3));
    }
    assert_eq!(bench.parked_count(), 3);
    let b = record_of(&encoded(&[event(3)])).to_string().into_bytes();
    bench.services.aws().objects.insert("b".to_owned(), b);
    let event = read(&notification_of(&["a", "b", "c"]));
    let summary = bench.handle(event).await.unwrap();
    assert_eq!((summary.failed, summary.neutral), (1, 3));
    assert_eq!(bench.counted(), (0, 4));
}

#[tokio::test]
async fn only_failed_messages_of_a_queue_are_delivered_again() {
    let bench = three_objects().await;
    let message = |(id, keys): (usize, &[&str])| {
        let body = notification_of(keys).to_string();
        json!({"eventSource": "aws:sqs", "messageId": id.to_string(), "body": body})
    };
    let bodies: [&[&str]; 3] = [&["b", "a"], &["%FF"], &["c"]];
    let messages: Vec<_> = bodies.into_iter().enumerate().map(message).collect();
    let retry = |ids: &[&str]| BatchResponse::retry(ids.iter().map(|&id| id.to_owned()));
    for (failed, event, response) in [
        (3, json!({ "Records": messages }), retry(&["0", "1"])),
        (0, json!({ "Records": messages }), retry(&["0", "1"])),
        (0, json!({ "Records": messages[1..] }), retry(&["1"])),
    ] {
        let summary = bench.handle(read(&event)).await;
        let summary = summary.unwrap();
        assert_eq!((summary.failed, summary.response), (failed, response));
    }
    assert_eq!(bench.counted(), (0, 3));
}

#[tokio::test]
async fn the_report_of_a_failed_invocation_is_processed_like_its_event() {
    let bench = three_objects().await;
    let written = json!({
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": notification_of(&["a", "c"]),
        "responsePayload": {"errorType": "Error"},
    });
    bench.handle(read(&written)).await.unwrap();
    assert_eq!(bench.counted(), (0, 3));
}

#[tokio::test]
async fn a_discarded_record_whose_lost_case_is_found_counts_as_created() {
    let bench = discarded(&events(1)).await;
    bench.script([store_then_hang(), down(), down(), down()]);
    bench.run(&events(1)).await;
    assert_eq!((bench.cases(), bench.counted()), (1, (0, 0)));
    for _ in 0..2 {
        bench.handle(notification(KEY)).await.unwrap();
        assert_eq!(bench.counted(), (1, 0));
    }
}

#[tokio::test]
async fn a_failing_lookup_is_not_repeated_for_each_record() {
    let bench = discarded(&events(40)).await;
    bench.script_finds(vec![down(); 40]);
    bench.handle(notification(KEY)).await.unwrap_err();
    // The concurrent lookups.
    assert!(bench.finds() <= 8);
    assert_eq!(bench.counted(), (0, 0));
}

#[tokio::test]
async fn an_expired_discarded_record_stays_undecided_while_salesforce_is_down() {
    let settings = [("MAX_RECORD_AGE_SECONDS", "21600")];
    let bench = Bench::with_settings(&settings).await;
    // The records of a discarded batch are old.
    let record = record_of(&events(1));
    bench.script_finds([down()]);
    let error = bench.handle(read(&record)).await.unwrap_err();
    assert!(matches!(error, Error::Undecided { .. }), "{error}");
    assert_eq!((bench.parked_count(), bench.counted()), (0, (0, 0)));
    bench.handle(read(&record)).await.unwrap();
    assert_eq!((bench.parked_count(), bench.counted()), (1, (0, 1)));
}
