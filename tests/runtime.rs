//! Flushes of a real process, with a runtime API and a CloudWatch that record what they receive.

#[cfg(test)]
#[path = "runtime/aborting.rs"]
mod aborting;
#[cfg(test)]
#[path = "runtime/cadence.rs"]
mod cadence;
#[cfg(test)]
#[path = "runtime/cloudwatch.rs"]
mod cloudwatch;
#[cfg(test)]
#[path = "runtime/delivery.rs"]
mod delivery;
#[cfg(test)]
#[path = "runtime/faults.rs"]
mod faults;
#[cfg(test)]
#[path = "runtime/lambda.rs"]
mod lambda;
#[cfg(test)]
#[path = "runtime/log.rs"]
mod log;
#[cfg(test)]
#[path = "runtime/matrix.rs"]
mod matrix;
#[cfg(test)]
#[path = "runtime/process.rs"]
mod process;
#[cfg(test)]
#[path = "runtime/wire.rs"]
mod wire;
#[cfg(test)]
#[path = "runtime/world.rs"]
mod world;

use std::time::{Duration, SystemTime};

use lambda::{Extensions, Lambda, Seen};
use wire::{emf_lines, flushed, stored, totals};

const TIMEOUT: Duration = Duration::from_mins(1);

fn event(records: &str, then: &str) -> String {
    let records: Vec<&str> = records.split_whitespace().collect();
    serde_json::json!({"records": records, "then": then}).to_string()
}

/// A function on a Lambda with extensions and a long timeout.
fn function(events: &[String]) -> Lambda {
    Lambda {
        events: events.to_vec(),
        timeout: TIMEOUT,
        extensions: Extensions::Api,
        ..Lambda::default()
    }
}

#[tokio::test]
async fn the_answer_is_posted_before_the_flush_and_the_flush_is_over_before_the_next_event() {
    let events = [event("done done failed", "ok"), event("done", "ok")];
    let seen = function(&events).start().await.asked(3).await;
    let order: Vec<_> = seen
        .iter()
        .filter(|seen| !matches!(seen, Seen::Log(_) | Seen::ExtensionNext))
        .collect();
    let first = flushed(3.0, 2.0, 1.0, 0.0);
    let second = flushed(1.0, 1.0, 0.0, 0.0);
    assert_eq!(
        order,
        [
            &Seen::Registered,
            &Seen::Next,
            &Seen::Response,
            &Seen::Stored(first),
            &Seen::Next,
            &Seen::Response,
            &Seen::Stored(second),
            &Seen::Next,
        ]
    );
}

#[tokio::test]
async fn counts_arrive_however_the_invocation_ends() {
    for flavor in ["current_thread", "multi_thread"] {
        let events = [
            event("done", "ok"),
            event("done failed", "err"),
            event("done panics failed", "panic"),
            event("cancelled done", "ok"),
            "{\"not\": \"decodable\"}".to_owned(),
        ];
        let mut lambda = function(&events);
        lambda.env.push(("FLAVOR", flavor.to_owned()));
        let seen = lambda.start().await.asked(6).await;
        let expected = [
            flushed(1.0, 1.0, 0.0, 0.0),
            flushed(2.0, 1.0, 1.0, 0.0),
            flushed(3.0, 1.0, 2.0, 0.0),
            flushed(2.0, 1.0, 0.0, 1.0),
            flushed(0.0, 0.0, 0.0, 0.0),
        ];
        assert_eq!(stored(&seen), expected.each_ref(), "{flavor}");
        let errors = seen.iter().filter(|seen| **seen == Seen::Error).count();
        assert_eq!(errors, 3, "{flavor}");
    }
}

#[tokio::test]
async fn concurrent_invocations_lose_and_double_nothing() {
    let events: Vec<_> = (0..60)
        .map(|_| event("done failed cancelled panics", "ok"))
        .collect();
    let mut lambda = function(&events);
    lambda
        .env
        .push(("AWS_LAMBDA_MAX_CONCURRENCY", "3".to_owned()));
    let mut running = lambda.start().await;
    let seen = running.asked(63).await;
    assert_eq!(totals(&seen), flushed(240.0, 60.0, 120.0, 60.0));
    running.terminate().await;
    let seen = running.everything().await;
    assert_eq!(totals(&seen), flushed(240.0, 60.0, 120.0, 60.0));
}

#[tokio::test]
async fn counts_go_to_the_log_when_cloudwatch_cannot_be_reached() {
    let mut lambda = function(&[event("done", "ok")]);
    lambda.env.push((
        "AWS_ENDPOINT_URL_CLOUDWATCH",
        "http://127.0.0.1:9".to_owned(),
    ));
    let mut running = lambda.start().await;
    running.asked(2).await;
    let seen = running.until(|seen| emf_lines(seen) == 1).await;
    assert_eq!(totals(&seen), flushed(1.0, 1.0, 0.0, 0.0));
}

#[tokio::test]
async fn the_sink_emf_writes_all_metrics_to_the_log() {
    let mut lambda = function(&[event("done", "ok")]);
    lambda.env.push(("TT_METRICS_SINK", "emf".to_owned()));
    lambda
        .env
        .push(("TT_METRICS_DIMENSIONS", "stage=test".to_owned()));
    let mut running = lambda.start().await;
    running.asked(2).await;
    let seen = running.until(|seen| emf_lines(seen) == 1).await;
    assert_eq!(totals(&seen), flushed(1.0, 1.0, 0.0, 0.0));
    assert!(stored(&seen).is_empty());
    let Some(Seen::Emf(document)) = seen.iter().find(|seen| matches!(seen, Seen::Emf(_))) else {
        panic!("a document was written");
    };
    assert_eq!(document["stage"], "test");
    assert_eq!(document["request_id"], "request-1");
    assert_eq!(document["cold_start"], true);
}

#[tokio::test]
async fn counts_are_in_the_log_before_the_deadline_of_a_handler_that_never_ends() {
    for (flavor, then) in [
        ("current_thread", "block"),
        ("multi_thread", "block"),
        ("current_thread", "hang"),
        ("multi_thread", "hang"),
    ] {
        let mut lambda = function(&[event("done failed", then)]);
        lambda.env.push(("FLAVOR", flavor.to_owned()));
        lambda.timeout = Duration::from_secs(1);
        let mut running = lambda.start().await;
        let seen = running.until(|seen| emf_lines(seen) == 1).await;
        assert!(SystemTime::now() < running.deadline(), "{flavor} {then}");
        let mut expected = flushed(2.0, 1.0, 1.0, 0.0);
        expected.insert("TimeoutImminent".to_owned(), 1.0);
        assert_eq!(totals(&seen), expected, "{flavor} {then}");
    }
}

#[tokio::test]
async fn a_deadline_in_the_past_is_ignored() {
    let mut lambda = function(&[event("done", "ok")]);
    lambda.timeout = Duration::ZERO;
    let seen = lambda.start().await.asked(2).await;
    assert_eq!(stored(&seen), [&flushed(1.0, 1.0, 0.0, 0.0)]);
}

#[tokio::test]
async fn sigterm_writes_the_counts_with_and_without_an_extensions_api() {
    for extensions in [Extensions::Api, Extensions::Absent] {
        let mut lambda = function(&[event("done failed", "ok"), event("done", "hang")]);
        lambda.extensions = extensions;
        let mut running = lambda.start().await;
        running.until(|seen| stored(seen).len() == 1).await;
        running.asked(2).await;
        running
            .until(|seen| seen.contains(&Seen::Log("stuck".to_owned())))
            .await;
        running.terminate().await;
        assert!(running.ended().await.success());
        let seen = running.until(|seen| emf_lines(seen) == 1).await;
        assert_eq!(totals(&seen), flushed(3.0, 2.0, 1.0, 0.0));
    }
}

#[tokio::test]
async fn a_wrong_configuration_ends_the_cold_start_with_a_clear_sentence() {
    let mut lambda = function(&[]);
    lambda
        .env
        .push(("TT_METRICS_NAMESPACE", "AWS/Lambda".to_owned()));
    let mut running = lambda.start().await;
    assert!(!running.ended().await.success());
    let sentence = "environment variable TT_METRICS_NAMESPACE is `AWS/Lambda`";
    let has_sentence = |seen: &Seen| matches!(seen, Seen::Log(line) if line.contains(sentence));
    let seen = running.until(|seen| seen.iter().any(has_sentence)).await;
    assert!(!seen.contains(&Seen::Next));
}

#[tokio::test]
async fn a_disabled_process_sends_nothing() {
    let mut lambda = function(&[event("done", "ok")]);
    lambda.env.push(("TT_METRICS_DISABLED", "true".to_owned()));
    let mut running = lambda.start().await;
    running.asked(2).await;
    running.terminate().await;
    assert!(totals(&running.everything().await).is_empty());
}
