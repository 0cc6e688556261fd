//! Flushes that meet a fault: what is certainly not counted is written to the log, once.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use crate::{
    cloudwatch::{BlackHole, HANG, STORE_LATE},
    event, function,
    lambda::{Extensions, Running, Seen},
    wire::{emf_lines, flushed, stored, totals},
};

/// Ends the process when the log has a document; all that was ever seen, what came after it too.
async fn logged(mut running: Running) -> Vec<Seen> {
    running.until(|seen| emf_lines(seen) > 0).await;
    running.terminate().await;
    running.everything().await
}

/// The same counts, and that they took the way to the log.
fn fell_back(mut counts: BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    counts.insert("FlushFellBackToEmf".to_owned(), 1.0);
    counts
}

#[tokio::test]
async fn counts_go_to_the_log_when_no_connection_is_made() {
    let hole = BlackHole::open().await;
    // After the shorter one it is the watchdog that writes them.
    for timeout in [Duration::from_mins(1), Duration::from_millis(400)] {
        let mut lambda = function(&[event("done", "ok")]);
        lambda.timeout = timeout;
        lambda.env.push(("AWS_ENDPOINT_URL_CLOUDWATCH", hole.url()));
        let mut running = lambda.start().await;
        running.asked(2).await;
        let seen = logged(running).await;
        let expected = fell_back(flushed(1.0, 1.0, 0.0, 0.0));
        assert_eq!(totals(&seen), expected, "{timeout:?}");
    }
}

#[tokio::test]
async fn counts_go_to_the_log_without_credentials() {
    let mut lambda = function(&[event("done", "ok")]);
    lambda.keyless = true;
    let mut running = lambda.start().await;
    running.asked(2).await;
    let seen = logged(running).await;
    assert_eq!(totals(&seen), fell_back(flushed(1.0, 1.0, 0.0, 0.0)));
}

#[tokio::test]
async fn counts_go_to_the_log_when_the_time_is_too_short_for_a_request() {
    let mut lambda = function(&[event("done", "ok")]);
    lambda
        .env
        .push(("TT_METRICS_FLUSH_TIMEOUT_MS", "20".to_owned()));
    let mut running = lambda.start().await;
    running.asked(2).await;
    let seen = logged(running).await;
    assert!(stored(&seen).is_empty());
    assert_eq!(totals(&seen), fell_back(flushed(1.0, 1.0, 0.0, 0.0)));
}

#[tokio::test]
async fn counts_go_to_the_log_when_the_deadline_passed_during_the_invocation() {
    let mut lambda = function(&[event("", "late")]);
    lambda.timeout = Duration::from_millis(100);
    let mut running = lambda.start().await;
    running.asked(2).await;
    let counted = |seen: &[Seen]| totals(seen).get("Received") == Some(&1.0);
    running.until(counted).await;
    running.terminate().await;
    let seen = running.everything().await;
    assert!(stored(&seen).is_empty(), "{seen:#?}");
    let mut expected = fell_back(flushed(1.0, 0.0, 0.0, 0.0));
    expected.insert("TimeoutImminent".to_owned(), 1.0);
    assert_eq!(totals(&seen), expected);
}

#[tokio::test]
async fn the_flush_waits_for_a_late_answer() {
    let mut lambda = function(&[event("done", "ok"), event("failed", "ok")]);
    lambda.answers = vec![STORE_LATE; 2];
    let mut running = lambda.start().await;
    running.asked(3).await;
    running.terminate().await;
    let seen = running.everything().await;
    assert_eq!(totals(&seen), flushed(2.0, 1.0, 1.0, 0.0));
    assert_eq!((stored(&seen).len(), emf_lines(&seen)), (2, 0));
}

#[tokio::test]
async fn sigterm_writes_the_unsent_batches_of_a_flush() {
    let mut lambda = function(&[event("done failed", "ok")]);
    lambda.keyless = true;
    let mut running = lambda.start().await;
    running
        .until(|seen| seen.contains(&Seen::Credentials))
        .await;
    running.terminate().await;
    assert!(running.ended().await.success());
    let seen = running.everything().await;
    assert_eq!(totals(&seen), fell_back(flushed(2.0, 1.0, 1.0, 0.0)));
}

#[tokio::test]
async fn sigterm_settles_a_sent_batch_by_the_delivery_policy() {
    let mut given_up = flushed(0.0, 0.0, 0.0, 0.0);
    given_up.insert("FlushAmbiguous".to_owned(), 1.0);
    for (delivery, expected) in [
        ("at_most_once", given_up),
        ("at_least_once", fell_back(flushed(1.0, 1.0, 0.0, 0.0))),
    ] {
        let mut lambda = function(&[event("done", "ok")]);
        lambda.answers = vec![HANG];
        lambda
            .env
            .push(("TT_METRICS_DELIVERY", delivery.to_owned()));
        let mut running = lambda.start().await;
        running.until(|seen| seen.contains(&Seen::Refused)).await;
        running.terminate().await;
        assert!(running.ended().await.success());
        let seen = running.everything().await;
        assert_eq!(totals(&seen), expected, "{delivery}");
    }
}

#[tokio::test]
async fn the_batches_of_a_blocked_flush_are_in_the_log_before_the_deadline() {
    let mut lambda = function(&[event("done", "linger")]);
    lambda.keyless = true;
    lambda.timeout = Duration::from_secs(1);
    lambda.env.push(("FLAVOR", "current_thread".to_owned()));
    let mut running = lambda.start().await;
    running.until(|seen| emf_lines(seen) > 0).await;
    assert!(SystemTime::now() < running.deadline());
    let seen = logged(running).await;
    assert_eq!(totals(&seen), fell_back(flushed(1.0, 1.0, 0.0, 0.0)));
}

#[tokio::test]
async fn a_slow_extensions_api_gets_the_request_that_ends_the_initialisation() {
    let mut lambda = function(&[]);
    lambda.extensions = Extensions::Late;
    let mut running = lambda.start().await;
    running
        .until(|seen| seen.contains(&Seen::Next) && seen.contains(&Seen::ExtensionNext))
        .await;
}

#[tokio::test]
async fn a_document_of_several_invocations_has_no_request_id() {
    let mut accompanies: serde_json::Value =
        serde_json::from_str(&event("done", "ok")).expect("is JSON");
    accompanies["accompanies"] = true.into();
    let mut lambda = function(&[event("done", "hang"), accompanies.to_string()]);
    lambda
        .env
        .push(("AWS_LAMBDA_MAX_CONCURRENCY", "2".to_owned()));
    lambda.env.push(("TT_METRICS_SINK", "emf".to_owned()));
    let running = lambda.start().await;
    let seen = logged(running).await;
    let document = seen.iter().find_map(|seen| match seen {
        Seen::Emf(document) => Some(document),
        _ => None,
    });
    assert_eq!(emf_lines(&seen), 1);
    let document = document.expect("was written");
    assert_eq!(document["Received"], 2);
    assert_eq!(document.get("request_id"), None);
}

#[tokio::test]
async fn the_deadline_of_an_invocation_does_not_apply_to_the_next() {
    let longer = format!("longer {}", event("done", "slow"));
    let mut lambda = function(&[event("done", "ok"), longer]);
    lambda.timeout = Duration::from_secs(3);
    let mut running = lambda.start().await;
    running.asked(3).await;
    running.terminate().await;
    let seen = running.everything().await;
    assert_eq!(stored(&seen)[0], &flushed(1.0, 1.0, 0.0, 0.0));
    let counted = |seen: &&Seen| matches!(seen, Seen::Emf(document) if document["Done"] == 1);
    let Some(Seen::Emf(document)) = seen.iter().find(counted) else {
        panic!("what the second one has counted was written: {seen:#?}");
    };
    // At the deadline of the second invocation, not at that of the first one, which is earlier.
    assert_eq!(document["TimeoutImminent"], 1);
}

#[tokio::test]
async fn an_invocation_whose_counts_the_watchdog_has_sent_is_not_empty() {
    let mut lambda = function(&[event("done", "slow"), event("", "ok")]);
    lambda.timeout = Duration::from_secs(1);
    lambda.env.extend([
        ("TT_METRICS_ON_EMPTY", "fail".to_owned()),
        ("TT_METRICS_SINK", "emf".to_owned()),
    ]);
    let mut running = lambda.start().await;
    running.asked(3).await;
    running.terminate().await;
    let totals = totals(&running.everything().await);
    assert_eq!(totals.get("Done"), Some(&1.0));
    assert_eq!(totals.get("EmptyInvocations"), Some(&1.0), "the second one");
}
