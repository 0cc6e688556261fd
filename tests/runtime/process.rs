//! Processes that end or continue in an unusual way.

use std::collections::BTreeMap;

use crate::{
    event, function,
    lambda::{Lambda, Reader, Seen},
    wire::{emf_lines, flushed, stored, totals},
};

fn stuck(seen: &[Seen]) -> bool {
    seen.contains(&Seen::Log("stuck".to_owned()))
}

#[tokio::test]
async fn a_call_that_outlives_its_invocation_is_interrupted_at_sigterm_once() {
    let mut running = function(&[event("done", "leave")]).start().await;
    running.asked(2).await;
    running.until(stuck).await;
    running.terminate().await;
    // Lambda sends one; others may send more.
    running.terminate().await;
    let seen = running.everything().await;
    assert_eq!(stored(&seen), [&flushed(1.0, 1.0, 0.0, 0.0)]);
    assert_eq!(totals(&seen), flushed(1.0, 1.0, 0.0, 1.0));
}

/// Lets the runtime API, or the runtime's panic about it, end the loop after an invocation that left a call behind.
async fn ended_loop(then: &str, last: &str, workers: usize) -> Vec<Seen> {
    // Each worker has to come to an end.
    let mut events = vec![event("done", then)];
    events.extend(vec![last.to_owned(); workers]);
    let mut lambda = function(&events);
    if workers > 1 {
        let workers = workers.to_string();
        lambda.env.push(("AWS_LAMBDA_MAX_CONCURRENCY", workers));
    }
    let mut running = lambda.start().await;
    assert!(!running.ended().await.success(), "{last}, {workers}");
    running.everything().await
}

#[tokio::test]
async fn counts_are_written_when_the_runtime_api_ends_the_loop() {
    let undated = format!("undated {}", event("done", "ok"));
    for last in ["status 500", "status 410", &undated] {
        for workers in [1, 2] {
            let seen = ended_loop("leave", last, workers).await;
            assert_eq!(
                totals(&seen),
                flushed(1.0, 1.0, 0.0, 1.0),
                "{last}, {workers}"
            );
        }
    }
}

#[tokio::test]
async fn a_thread_that_outlives_main_is_interrupted() {
    let seen = ended_loop("detach", "status 500", 1).await;
    assert_eq!(totals(&seen), flushed(1.0, 1.0, 0.0, 1.0));
}

#[tokio::test]
async fn each_item_of_a_call_that_is_open_at_sigterm_is_interrupted() {
    let mut running = function(&[event("three five", "ok")]).start().await;
    running.until(stuck).await;
    running.terminate().await;
    assert!(running.ended().await.success());
    let seen = running.everything().await;
    assert_eq!(totals(&seen), flushed(2.0, 3.0, 0.0, 5.0));
}

#[tokio::test]
async fn sigterm_before_the_first_invocation_writes_the_counts_of_the_start() {
    let mut lambda = function(&[]);
    lambda.env.push(("WARMS_UP", "true".to_owned()));
    let mut running = lambda.start().await;
    running.asked(1).await;
    running.terminate().await;
    assert!(running.ended().await.success());
    let seen = running.everything().await;
    assert_eq!(totals(&seen), flushed(1.0, 0.0, 0.0, 0.0));
}

#[tokio::test]
async fn a_closed_standard_output_loses_only_what_has_no_other_way() {
    let mut lambda = function(&[event("done", "ok"), event("failed", "leave")]);
    lambda.reader = Reader::Closed;
    let mut running = lambda.start().await;
    running.asked(3).await;
    running.until(stuck).await;
    running.terminate().await;
    assert!(running.ended().await.success());
    let seen = running.everything().await;
    assert_eq!(totals(&seen), flushed(2.0, 1.0, 1.0, 0.0));
    let reported = |seen: &Seen| matches!(seen, Seen::Log(line) if line.contains("metrics could not be written"));
    assert!(seen.iter().any(reported), "{seen:#?}");
}

#[tokio::test]
async fn a_process_that_exits_or_aborts_loses_the_counts_since_the_last_flush() {
    for then in ["exit", "abort"] {
        let mut running = function(&[event("done failed", then)]).start().await;
        assert!(!running.ended().await.success());
        let seen = running.everything().await;
        // No code of the library runs then: there is no hook without unsafe code, and `abort` has none.
        assert_eq!(totals(&seen), BTreeMap::new(), "{then}");
    }
}

#[tokio::test]
async fn destructors_count_while_they_unwind_and_when_their_thread_ends() {
    let seen = function(&[event("unwinds thread", "ok")])
        .start()
        .await
        .asked(2)
        .await;
    assert_eq!(totals(&seen), flushed(5.0, 1.0, 1.0, 0.0));
}

#[tokio::test]
async fn a_deadline_that_cannot_be_true_is_unknown_and_nothing_is_lost() {
    // None at all, one in seconds, and one so far ahead that no clock shows it.
    for header in ["0", "1764115200", "18446744073709551615"] {
        let lambda = Lambda {
            deadline_header: Some(header),
            ..function(&[event("done failed", "ok")])
        };
        let mut running = lambda.start().await;
        running.asked(2).await;
        running.terminate().await;
        let seen = running.everything().await;
        assert_eq!(totals(&seen), flushed(2.0, 1.0, 1.0, 0.0), "{header}");
        assert_eq!(emf_lines(&seen), 0, "{header}");
    }
}
