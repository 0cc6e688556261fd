//! Documents on standard output, beside the output of the program and behind the filter of Lambda.

use std::time::{Duration, Instant};

use crate::{
    event, function,
    lambda::{Lambda, Reader, Seen},
    wire::{emf_lines, flushed, totals},
};

fn with_documents(events: &[String]) -> Lambda {
    let mut lambda = function(events);
    lambda.env.push(("TT_METRICS_SINK", "emf".to_owned()));
    lambda
}

#[tokio::test]
async fn text_without_a_line_feed_does_not_precede_a_document_and_there_is_no_empty_line() {
    // The text stays in a buffer, is written by the program and by a child process, or is a whole line.
    for then in ["print", "write", "line"] {
        let events = [event("done", then), event("failed", then)];
        let mut running = with_documents(&events).start().await;
        running.asked(3).await;
        running.terminate().await;
        let seen = running.everything().await;
        assert_eq!(emf_lines(&seen), 2, "{then} {seen:#?}");
        assert_eq!(totals(&seen), flushed(2.0, 1.0, 1.0, 0.0), "{then}");
        assert!(!seen.contains(&Seen::Log(String::new())), "{then}");
    }
}

#[tokio::test]
async fn documents_pass_the_log_level_filter_of_lambda() {
    for level in ["INFO", "WARN", "ERROR", "FATAL"] {
        let mut lambda = with_documents(&[event("done", "ok"), event("failed waits", "ok")]);
        lambda.env.extend([
            ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
            ("AWS_LAMBDA_LOG_LEVEL", level.to_owned()),
        ]);
        let mut running = lambda.start().await;
        running
            .until(|seen| seen.contains(&Seen::Log("stuck".to_owned())))
            .await;
        running.terminate().await;
        let seen = running.everything().await;
        assert_eq!(totals(&seen), flushed(3.0, 1.0, 1.0, 1.0), "{level}");
    }
}

#[tokio::test]
async fn a_full_standard_output_does_not_block_the_function() {
    let events = [
        event("done", "ok"),
        event("failed", "ok"),
        event("done", "ok"),
    ];
    let mut lambda = with_documents(&events);
    lambda.reader = Reader::Waits;
    lambda
        .env
        .push(("TT_METRICS_FLUSH_TIMEOUT_MS", "200".to_owned()));
    let mut running = lambda.start().await;
    let began = Instant::now();
    running.asked(3).await;
    assert!(began.elapsed() < Duration::from_secs(20));
    running.read_output();
    running.asked(4).await;
    running.terminate().await;
    let seen = running.everything().await;
    let mut expected = flushed(3.0, 2.0, 1.0, 0.0);
    let failed = totals(&seen).remove("FlushFailed");
    assert!(failed.is_some_and(|failed| failed >= 2.0), "{failed:?}");
    expected.insert("FlushFailed".to_owned(), failed.unwrap_or_default());
    assert_eq!(totals(&seen), expected);
}
