//! The counts that arrive after each fault of CloudWatch, with each delivery policy, and the resolution of metrics.

use std::{collections::BTreeMap, sync::Arc};

use cloudwatch_stand_in::{Answer, CloudWatch};
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use crate::{
    cloudwatch::{
        CLOSE, FAIL, HANG, STORE_AND_DIE, STORE_LATE, STORE_THEN_CUT, STORE_THEN_FAIL,
        STORE_THEN_HANG,
    },
    event, function,
    lambda::Seen,
    wire::{emf_lines, flushed, given_up, stored, totals},
};

/// How many processes run at once.
const PROCESSES: usize = 8;

/// What arrives of a flush that meets a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrives {
    /// All of it, once.
    InFull,
    /// All of it, once, through the log.
    InTheLog,
    /// None of it. A metric counts that, and a line of the log contains the counts.
    Lost,
    /// All of it, once, with the same metric and the same line.
    Unknown,
    /// All of it twice, the second time through the log.
    Twice,
}

use Arrives::{InFull, InTheLog, Lost, Twice, Unknown};

/// CloudWatch's first answers, and what arrives at most once and at least once.
const FAULTS: [(&[Answer], Arrives, Arrives); 12] = [
    (&[], InFull, InFull),
    (&[Answer::THROTTLE], InFull, InFull),
    (&[Answer::THROTTLE; 2], InFull, InFull),
    (&[Answer::THROTTLE; 3], InTheLog, InTheLog),
    (&[Answer::REFUSE], InTheLog, InTheLog),
    (&[STORE_LATE; 2], InFull, InFull),
    (&[FAIL], Lost, InTheLog),
    (&[CLOSE], Lost, InTheLog),
    (&[HANG], Lost, InTheLog),
    (&[STORE_THEN_FAIL], Unknown, Twice),
    (&[STORE_THEN_CUT], Unknown, Twice),
    (&[STORE_THEN_HANG], Unknown, Twice),
];

/// What arrives in all when the first of two flushes meets the fault.
fn expected(arrives: Arrives) -> BTreeMap<String, f64> {
    let (first, health) = match arrives {
        InFull => (1.0, None),
        InTheLog => (1.0, Some(("FlushFellBackToEmf", 1.0))),
        Lost => (0.0, Some(("FlushAmbiguous", 1.0))),
        Unknown => (1.0, Some(("FlushAmbiguous", 1.0))),
        Twice => (2.0, Some(("FlushFellBackToEmf", 1.0))),
    };
    let mut expected = flushed(2.0 * first + 1.0, 2.0 * first, 1.0, 0.0);
    expected.extend(health.map(|(name, number)| (name.to_owned(), number)));
    expected
}

/// The counts in the log line of a flush that was given up.
fn expected_to_be_given_up(arrives: Arrives) -> BTreeMap<String, f64> {
    match arrives {
        Lost | Unknown => flushed(2.0, 2.0, 0.0, 0.0),
        InFull | InTheLog | Twice => BTreeMap::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_are_what_was_counted_or_what_the_policy_says_whatever_cloudwatch_answers() {
    let faults = FAULTS.into_iter().flat_map(|(answers, at_most, at_least)| {
        [("at_most_once", at_most), ("at_least_once", at_least)]
            .map(|(delivery, arrives)| (answers, delivery, arrives))
    });
    let turns = Arc::new(Semaphore::new(PROCESSES));
    let cases = faults.map(|(answers, delivery, arrives)| {
        let turns = Arc::clone(&turns);
        tokio::spawn(async move {
            let _turn = turns.acquire().await.expect("stays open");
            let mut lambda = function(&[event("done done", "ok"), event("failed", "ok")]);
            lambda.answers = answers.to_vec();
            lambda.env.extend([
                ("TT_METRICS_DELIVERY", delivery.to_owned()),
                ("TT_METRICS_FLUSH_TIMEOUT_MS", "1500".to_owned()),
            ]);
            let mut running = lambda.start().await;
            running.asked(3).await;
            running.terminate().await;
            let seen = running.everything().await;
            let (arrived, expected) = (totals(&seen), expected(arrives));
            let is_in_log = given_up(&seen) == expected_to_be_given_up(arrives);
            (arrived != expected || !is_in_log).then(|| {
                format!("{answers:?} {delivery}:\n  expected {expected:?}\n  arrived  {arrived:?}\n  {seen:#?}")
            })
        })
    });
    let wrong: Vec<String> = join_all(cases)
        .await
        .into_iter()
        .filter_map(|case| case.expect("runs to its end"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_connection_that_died_between_two_flushes_is_not_used() {
    let mut lambda = function(&[event("done", "ok"), event("failed", "ok")]);
    lambda.answers = vec![STORE_AND_DIE; 2];
    let mut running = lambda.start().await;
    running.asked(3).await;
    running.terminate().await;
    let seen = running.everything().await;
    assert_eq!(totals(&seen), flushed(2.0, 1.0, 1.0, 0.0));
}

#[tokio::test]
async fn requests_go_through_the_proxy_of_the_environment() {
    let (requests, received) = std::sync::mpsc::channel();
    let proxy = CloudWatch::start(move |data, _| {
        let _ = requests.send(data.expect("keeps CloudWatch's limits"));
        Answer::ACCEPT
    });
    let mut lambda = function(&[event("done", "ok")]);
    let unknown_host = "http://cloudwatch.invalid".to_owned();
    lambda.env.extend([
        ("AWS_ENDPOINT_URL_CLOUDWATCH", unknown_host),
        ("HTTP_PROXY", proxy.url()),
    ]);
    let mut running = lambda.start().await;
    running.asked(2).await;
    let data = received.try_recv().expect("the proxy has a request");
    assert!(
        data.iter()
            .any(|it| it.metric == "Done" && (it.sum() - 1.0).abs() < 1e-9)
    );
}

#[tokio::test]
async fn a_resolution_of_one_second_is_on_every_metric_of_both_transports() {
    for sink in ["put_metric_data", "emf"] {
        let mut lambda = function(&[event("done", "ok")]);
        lambda.env.extend([
            ("TT_METRICS_RESOLUTION", "1".to_owned()),
            ("TT_METRICS_SINK", sink.to_owned()),
        ]);
        let mut running = lambda.start().await;
        running.asked(2).await;
        let arrived = |seen: &[Seen]| emf_lines(seen) + stored(seen).len() == 1;
        let seen = running.until(arrived).await;
        assert_eq!(totals(&seen), flushed(1.0, 1.0, 0.0, 0.0));
        let is_fine = |seen: &Seen| match seen {
            Seen::HighResolution => true,
            Seen::Emf(document) => {
                let metrics = &document["_aws"]["CloudWatchMetrics"][0]["Metrics"];
                let mut metrics = metrics.as_array().expect("is a list").iter();
                metrics.all(|metric| metric["StorageResolution"] == 1)
            }
            _ => false,
        };
        assert!(seen.iter().any(is_fine), "{sink} {seen:#?}");
    }
}

#[tokio::test]
async fn a_wrong_resolution_is_a_warning_that_names_the_right_ones() {
    let mut lambda = function(&[event("done", "ok")]);
    lambda.env.push(("TT_METRICS_RESOLUTION", "5".to_owned()));
    let mut running = lambda.start().await;
    running.asked(2).await;
    let warns = |seen: &Seen| {
        matches!(seen, Seen::Log(line)
            if line.contains("TT_METRICS_RESOLUTION is `5`, expected `1` or `60`"))
    };
    let seen = running.until(|seen| seen.iter().any(warns)).await;
    assert_eq!(stored(&seen), [&flushed(1.0, 1.0, 0.0, 0.0)]);
    assert!(!seen.contains(&Seen::HighResolution));
}
