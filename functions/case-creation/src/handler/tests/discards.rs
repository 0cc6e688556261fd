//! Batches that the event source mapping discarded.

use super::*;

const KEY: &str = "aws/lambda/8f1c/shardId-000000000000/2026/01/01/2026-01-01T00.00.00-1 a";

/// What the mapping writes about a batch of these records.
fn record_of(payloads: &[Vec<u8>]) -> Value {
    json!({
        "requestContext": {
            "requestId": "c9b8fa9f-5a7f-4f1c-af9c-0c604cde93a5",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:case-creation",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "version": "1.0",
        "KinesisBatchInfo": {"shardId": "shardId-000000000000", "batchSize": payloads.len()},
        "payload": event_text(payloads),
    })
}

/// The notification of S3 about an object.
fn notification(key: &str) -> Event {
    let record = json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "bucket"}, "object": {"key": key, "size": 1, "eTag": "e"}},
    });
    serde_json::from_str(&json!({ "Records": [record] }).to_string()).unwrap()
}

async fn discarded(payloads: &[Vec<u8>]) -> Bench {
    let bench = Bench::new().await;
    let content = record_of(payloads).to_string().into_bytes();
    let key = KEY.replace(' ', "%20");
    bench.outside.world().objects.insert(key, content);
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
    let world = bench.outside.world();
    let key = format!("parked/case-creation/{}.json", event(1).event_id);
    assert_eq!(world.parked[&key]["code"], "RetryAttemptsExhausted");
    assert_eq!(world.parked[&key]["payload"]["record_id"], "r-1");
    // Nothing is created any more.
    assert_eq!((world.calls.len(), world.cases.len()), (1, 1));
}

#[tokio::test]
async fn records_that_cannot_be_decided_yet_are_an_error_and_counted_later() {
    let bench = discarded(&events(2)).await;
    bench.outside.world().find_faults.extend([None, Some(503)]);
    let error = bench.handle(notification(KEY)).await.unwrap_err();
    assert!(matches!(error, Error::Undecided { .. }), "{error}");
    bench.handle(notification(KEY)).await.unwrap();
    assert_eq!(bench.counted(), (0, 2));
}

#[tokio::test]
async fn what_was_parked_before_it_was_discarded_is_not_counted_again() {
    let batch = [too_long(0).encode()];
    let bench = discarded(&batch).await;
    bench.run(&batch).await;
    bench.handle(notification(KEY)).await.unwrap();
    assert_eq!(bench.counted(), (0, 1));
}

#[tokio::test]
async fn the_document_itself_may_be_sent() {
    let bench = Bench::new().await;
    let event = serde_json::from_str(&record_of(&events(2)).to_string()).unwrap();
    bench.handle(event).await.unwrap();
    assert_eq!(bench.counted(), (0, 2));
}

#[tokio::test]
async fn an_object_that_is_gone_or_no_such_document_is_an_error() {
    let bench = discarded(&events(1)).await;
    let error = bench
        .handle(notification("aws/lambda/gone"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("NoSuchKey"), "{error}");
    let key = "aws/lambda/odd".to_owned();
    bench.outside.world().objects.insert(key, b"[]".to_vec());
    let error = bench
        .handle(notification("aws/lambda/odd"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Discarded { .. }), "{error}");
}
