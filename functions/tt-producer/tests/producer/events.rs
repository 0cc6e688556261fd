//! Every form of a notification of S3, as recorded in `tests/events/s3*.json`.

use std::path::Path;

use serde_json::Value;

use crate::{
    fake::{
        bench::{Bench, lines},
        s3::E_TAG,
    },
    formats::gzip,
};

const VERSION: &str = "096fKKXTRTtl3on89fVO.nfljtsv6qko";

fn event(name: &str) -> Value {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/events");
    let text = std::fs::read(events.join(name).with_extension("json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

async fn bench() -> Bench {
    let bench = Bench::new([]).await;
    let bucket = "tt-demo-123456789012-eu-central-1/incoming";
    bench
        .s3
        .hold(&format!("{bucket}/M%C3%A4rz%202026%2Bnew.jsonl"), lines(3));
    bench
        .s3
        .hold(&format!("{bucket}/second.jsonl.gz"), gzip(&lines(2)));
    bench
}

#[tokio::test]
async fn an_upload_is_read_from_every_form_of_notification() {
    for (name, version) in [
        ("s3", VERSION),
        ("s3-version-2-6", VERSION),
        ("s3-by-sqs", VERSION),
        ("s3-by-sns", VERSION),
        ("s3-by-sns-and-sqs", VERSION),
        ("s3-by-event-bridge", VERSION),
        ("s3-by-event-bridge-and-sqs", VERSION),
        ("s3-without-versions", E_TAG),
        ("s3-suspended-versions", E_TAG),
    ] {
        let bench = bench().await;
        let summary = bench.handle(&event(name)).await.unwrap();
        assert_eq!((summary.objects, summary.published), (1, 3), "{name}");
        let source = bench.events().remove(0).source;
        assert_eq!(source.key, "incoming/März 2026+new.jsonl", "{name}");
        assert_eq!(source.version, version, "{name}");
        let read = bench.s3.reads().remove(0);
        let expected = match version {
            E_TAG => format!("\"{E_TAG}\""),
            version => format!("versionId={version}"),
        };
        assert_eq!(read, expected, "{name}");
    }
}

#[tokio::test]
async fn every_upload_of_an_event_is_read() {
    for name in ["s3-two-records", "s3-by-sqs-two-messages"] {
        let bench = bench().await;
        let summary = bench.handle(&event(name)).await.unwrap();
        assert_eq!((summary.objects, summary.published), (2, 5), "{name}");
    }
}

#[tokio::test]
async fn notifications_without_an_upload_move_no_metric() {
    for (name, skipped) in [
        ("s3-nothing-to-read", 4),
        ("s3-by-event-bridge-deleted", 1),
        ("s3-test-event", 0),
        ("s3-test-event-by-sqs", 0),
    ] {
        let bench = bench().await;
        let summary = bench.handle(&event(name)).await.unwrap();
        assert_eq!((summary.objects, summary.skipped), (0, skipped), "{name}");
        assert_eq!(bench.counts(), [0, 0, 0]);
        assert!(bench.s3.reads().is_empty());
    }
}
