//! When a flush takes place that is not the one after each response.

use std::time::Duration;

use crate::{
    event, function,
    lambda::{Running, Seen},
    wire::{emf_lines, flushed, stored, totals},
};

fn documents(seen: &[Seen]) -> Vec<&serde_json::Value> {
    let documents = seen.iter().filter_map(|seen| match seen {
        Seen::Emf(document) => Some(document),
        _ => None,
    });
    documents.collect()
}

async fn terminated(mut running: Running) -> Vec<Seen> {
    running.signal("TERM").await;
    running.everything().await
}

#[tokio::test]
async fn counts_are_kept_for_an_interval_and_written_at_the_end() {
    let events = ["done", "failed", "done cancelled"].map(|records| event(records, "ok"));
    let mut lambda = function(&events);
    lambda
        .env
        .push(("TT_METRICS_FLUSH_INTERVAL_MS", "900000".to_owned()));
    let mut running = lambda.start().await;
    running.asked(4).await;
    let seen = terminated(running).await;
    // The first one shows that the metrics exist.
    assert_eq!(stored(&seen), [&flushed(1.0, 1.0, 0.0, 0.0)]);
    assert_eq!(totals(&seen), flushed(4.0, 2.0, 1.0, 1.0));
    assert_eq!(documents(&seen)[0].get("request_id"), None);
}

#[tokio::test]
async fn counts_that_were_kept_for_an_interval_go_with_the_next_response() {
    let events = ["done", "failed", "done"].map(|records| event(records, "ok"));
    let mut lambda = function(&events);
    lambda
        .env
        .push(("TT_METRICS_FLUSH_INTERVAL_MS", "1".to_owned()));
    let seen = lambda.start().await.asked(4).await;
    assert_eq!(totals(&seen), flushed(3.0, 2.0, 1.0, 0.0));
    assert_eq!(stored(&seen).len(), 3);
}

#[tokio::test]
async fn counts_that_were_kept_are_written_before_a_deadline() {
    let events = [
        event("done", "ok"),
        event("failed", "ok"),
        event("waits", "ok"),
    ];
    let mut lambda = function(&events);
    lambda.timeout = Duration::from_secs(3);
    lambda.enforced = true;
    lambda
        .env
        .push(("TT_METRICS_FLUSH_INTERVAL_MS", "900000".to_owned()));
    let seen = lambda.start().await.everything().await;
    let mut expected = flushed(3.0, 1.0, 1.0, 1.0);
    expected.insert("TimeoutImminent".to_owned(), 1.0);
    assert_eq!(totals(&seen), expected);
}

#[tokio::test]
async fn concurrent_invocations_that_go_on_are_flushed_in_between() {
    let mut lambda = function(&[event("done failed", "hang")]);
    lambda
        .env
        .push(("AWS_LAMBDA_MAX_CONCURRENCY", "2".to_owned()));
    lambda
        .env
        .push(("TT_METRICS_FLUSH_INTERVAL_MS", "100".to_owned()));
    let mut running = lambda.start().await;
    let seen = running
        .until(|seen| totals(seen).get("Failed") == Some(&1.0))
        .await;
    assert_eq!(totals(&seen), flushed(2.0, 1.0, 1.0, 0.0));
    assert_eq!(emf_lines(&seen), 0);
    assert!(!seen.contains(&Seen::Response));
}

#[tokio::test]
async fn invocations_that_come_one_by_one_are_not_flushed_in_between() {
    let events = [event("done", "ok"), event("failed waits", "ok")];
    let mut lambda = function(&events);
    lambda.timeout = Duration::from_secs(3);
    lambda.enforced = true;
    lambda
        .env
        .push(("TT_METRICS_FLUSH_INTERVAL_MS", "100".to_owned()));
    let seen = lambda.start().await.everything().await;
    // Lambda may freeze the process at any time here, with a request under way.
    assert_eq!(stored(&seen), [&flushed(1.0, 1.0, 0.0, 0.0)]);
    let mut expected = flushed(3.0, 1.0, 1.0, 1.0);
    expected.insert("TimeoutImminent".to_owned(), 1.0);
    assert_eq!(totals(&seen), expected);
}

#[tokio::test]
async fn the_buffer_is_empty_before_a_snapshot() {
    let mut lambda = function(&[event("done", "ok")]);
    lambda.env.extend([
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start".to_owned()),
        ("WARMS_UP", "true".to_owned()),
    ]);
    let mut running = lambda.start().await;
    running.asked(2).await;
    let seen = terminated(running).await;
    assert_eq!(emf_lines(&seen), 1);
    assert_eq!(documents(&seen)[0]["Received"], 1);
    assert_eq!(stored(&seen), [&flushed(1.0, 1.0, 0.0, 0.0)]);
    let position = |sought: &Seen| seen.iter().position(|seen| seen == sought);
    let restored = position(&Seen::Restored).expect("the function said so");
    let next = position(&Seen::Next).expect("was asked for");
    assert!(restored < next, "{seen:#?}");
}
