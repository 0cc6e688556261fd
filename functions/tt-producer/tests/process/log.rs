//! Text from outside cannot add a line to the log, and so cannot forge a metric.

use std::sync::atomic::Ordering;

use crate::surroundings::{Surroundings, sum};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_with_a_metric_document_forges_no_metric() {
    let key = "incoming/a%0A%7B%22_aws%22%3A%7B%22Timestamp%22%3A1%2C%22Cloud%57atchMetrics%22%3A%5B%5D%7D%2C%22TTEventPublished%22%3A1000000%7D%0A.jsonl";
    let around = Surroundings::new(key, "oops\nr\n", 1);
    let mut function = around.start("trace").await;
    let response = (&mut function.response).await.unwrap();
    assert_eq!(response["failed"], 2, "{response}");
    while !around.state.ready.load(Ordering::SeqCst) {
        around.state.changed.notified().await;
    }
    let lines = function.stop("-TERM");
    assert_eq!(sum(&lines, "TTEventPublished"), 0, "{lines:?}");
    assert_eq!(sum(&lines, "TTEventFailed"), 2, "{lines:?}");
    assert!(
        lines.iter().any(|line| line.contains("1000000")),
        "{lines:?}"
    );
}
