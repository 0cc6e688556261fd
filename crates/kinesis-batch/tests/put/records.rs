//! The result of each record, with scripted responses and deadlines.

use std::time::{Duration, Instant};

use kinesis_batch::{Backoff, Entry, Limits, PutError, Receipt, RetryPolicy, Stream};
use kinesis_stand_in::{Answer, Kinesis};

use crate::{contents, entries, four_attempts};

async fn put(
    entries: &[Entry],
    answers: impl IntoIterator<Item = Answer>,
) -> (Vec<Result<Receipt, PutError>>, Kinesis) {
    let (kinesis, client) = Kinesis::start(answers).await;
    let stream = Stream::new(&client, "tt-events").with_limits(four_attempts());
    (stream.put(entries, None).await, kinesis)
}

#[tokio::test]
async fn every_record_has_the_receipt_of_its_position() {
    let (results, kinesis) = put(&entries(3), []).await;
    let numbers: Vec<_> = results
        .into_iter()
        .map(|r| r.unwrap().sequence_number().to_owned())
        .collect();
    assert_eq!(numbers, ["1", "2", "3"]);
    assert_eq!(kinesis.accepted()[1], ("key-1".to_owned(), b"1".to_vec()));
}

#[tokio::test]
async fn no_records_make_no_request() {
    let (results, kinesis) = put(&[], []).await;
    assert!(results.is_empty() && kinesis.requests().is_empty());
}

#[tokio::test]
async fn a_thousand_records_take_two_requests() {
    let (results, kinesis) = put(&entries(1000), []).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(kinesis.requests(), [500, 500]);
}

#[tokio::test]
async fn only_rejected_records_are_sent_again() {
    let (results, kinesis) = put(
        &entries(5),
        [Answer::Refuse(vec![1, 3]), Answer::Refuse(vec![0])],
    )
    .await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(kinesis.requests(), [5, 2, 1]);
    assert_eq!(contents(&kinesis), ["0", "2", "4", "3", "1"]);
    assert_eq!(results[1].as_ref().unwrap().sequence_number(), "5");
}

#[tokio::test]
async fn one_finally_rejected_record_of_ten_leaves_nine_accepted() {
    let refuse = |position| Answer::Refuse(vec![position]);
    let (results, kinesis) = put(&entries(10), [refuse(7), refuse(0), refuse(0), refuse(0)]).await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 9);
    let error = results[7].as_ref().unwrap_err();
    assert!(
        matches!(error, PutError::Refused { attempts: 4, .. }),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("ProvisionedThroughputExceededException")
    );
    assert_eq!(kinesis.requests(), [10, 1, 1, 1]);
}

#[tokio::test]
async fn a_throttled_a_failing_and_a_broken_request_are_sent_again() {
    let (results, kinesis) = put(
        &entries(2),
        [
            Answer::Error(400, "ProvisionedThroughputExceededException"),
            Answer::Error(503, "ServiceUnavailable"),
            Answer::Break,
        ],
    )
    .await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(kinesis.requests(), [2, 2, 2, 2]);
}

#[tokio::test]
async fn a_request_throttled_at_every_attempt_fails_all_its_records() {
    let throttle = Answer::Error(400, "LimitExceededException");
    let (results, kinesis) = put(&entries(2), vec![throttle; 9]).await;
    assert_eq!(kinesis.requests(), [2; 4]);
    for result in results {
        let error = result.unwrap_err();
        assert!(
            matches!(
                error,
                PutError::Request {
                    retryable: true,
                    attempts: 4,
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_missing_stream_is_not_retried() {
    let (results, kinesis) = put(
        &entries(2),
        [Answer::Error(400, "ResourceNotFoundException")],
    )
    .await;
    assert_eq!(kinesis.requests(), [2]);
    let error = results[0].as_ref().unwrap_err();
    assert!(
        matches!(
            error,
            PutError::Request {
                retryable: false,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("ResourceNotFoundException"),
        "{error}"
    );
}

#[tokio::test]
async fn an_oversized_record_is_not_sent_and_does_not_affect_others() {
    let mut entries = entries(3);
    entries[1].data = vec![b'x'; 1024 * 1024];
    let (results, kinesis) = put(&entries, []).await;
    assert!(matches!(results[1], Err(PutError::TooLarge { .. })));
    assert_eq!(kinesis.requests(), [2]);
    assert_eq!(contents(&kinesis), ["0", "2"]);
}

#[tokio::test]
async fn a_record_that_invalidates_its_request_fails_alone() {
    let (kinesis, client) = Kinesis::start([]).await;
    kinesis.always(Answer::Poison("5"));
    let stream = Stream::new(&client, "tt-events").with_limits(four_attempts());
    let results = stream.put(&entries(9), None).await;
    let failed: Vec<_> = (0..)
        .zip(&results)
        .filter(|(_, r)| r.is_err())
        .map(|(i, _)| i)
        .collect();
    assert_eq!(failed, [5]);
    assert_eq!(contents(&kinesis), ["0", "1", "2", "3", "4", "6", "7", "8"]);
}

#[tokio::test]
async fn a_response_with_another_number_of_results_fails_all_records() {
    let (results, kinesis) = put(&entries(3), [Answer::Results(2)]).await;
    assert_eq!(kinesis.requests(), [3]);
    assert!(results.iter().all(|r| matches!(
        r,
        Err(PutError::Protocol {
            sent: 3,
            answered: 2,
            ..
        })
    )));
}

#[tokio::test]
async fn no_request_is_sent_after_the_deadline() {
    let (kinesis, client) = Kinesis::start([]).await;
    let stream = Stream::new(&client, "tt-events");
    let results = stream.put(&entries(2), Some(Instant::now())).await;
    assert!(
        results
            .iter()
            .all(|r| matches!(r, Err(PutError::OutOfTime { attempts: 0 })))
    );
    assert!(kinesis.requests().is_empty());
}

#[tokio::test]
async fn a_pause_beyond_the_deadline_is_not_started() {
    let (kinesis, client) = Kinesis::start(vec![Answer::Refuse(vec![0]); 99]).await;
    // A random part of a year is shorter than ten seconds in one of three million runs.
    let year = Duration::from_hours(365 * 24);
    let retry = RetryPolicy {
        max_attempts: Some(99),
        backoff: Backoff::new(year, year),
    };
    let stream = Stream::new(&client, "tt-events").with_limits(Limits {
        retry,
        ..Limits::default()
    });
    let deadline = Instant::now() + Duration::from_secs(10);
    let results = stream.put(&entries(2), Some(deadline)).await;
    assert!(matches!(results[0], Err(PutError::OutOfTime { .. })));
    assert!(results[1].is_ok());
    assert!(Instant::now() < deadline);
    assert!(!kinesis.requests().is_empty());
}

#[tokio::test]
async fn a_request_without_response_ends_at_the_deadline() {
    let (kinesis, client) = Kinesis::start([Answer::Hang]).await;
    let stream = Stream::new(&client, "tt-events");
    let deadline = Instant::now() + Duration::from_millis(100);
    let results = stream.put(&entries(1), Some(deadline)).await;
    assert!(
        matches!(results[0], Err(PutError::OutOfTime { attempts: 1 })),
        "{results:?}"
    );
    assert_eq!(kinesis.requests(), [1]);
}

#[tokio::test]
async fn a_late_response_is_awaited_within_the_request_timeout() {
    for (most, attempts) in [(20_000, 1), (200, 2)] {
        let late = Answer::Late(Duration::from_millis(600));
        let (kinesis, client) = Kinesis::start([late]).await;
        let stream = Stream::new(&client, "tt-events").with_limits(Limits {
            request_timeout: Duration::from_millis(most),
            ..Limits::default()
        });
        let results = stream.put(&entries(1), None).await;
        assert!(results[0].is_ok(), "{results:?}");
        assert_eq!(kinesis.requests().len(), attempts);
    }
}

#[tokio::test]
async fn errors_contain_no_content() {
    let secret = [Entry::new("customer-secret", "body-secret")];
    let (results, _) = put(&secret, [Answer::Error(400, "AccessDeniedException")]).await;
    let error = results[0].as_ref().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[tokio::test]
async fn throttled_records_are_sent_again_until_the_deadline_however_often() {
    let throttles = (0..60).map(|_| Answer::RefuseAll);
    let (kinesis, client) = Kinesis::start(throttles).await;
    let stream = Stream::new(&client, "tt-events").with_limits(Limits {
        retry: RetryPolicy {
            backoff: Backoff::new(Duration::ZERO, Duration::ZERO),
            ..Limits::default().retry
        },
        ..Limits::default()
    });
    let deadline = Instant::now() + Duration::from_mins(1);
    let results = stream.put(&entries(5), Some(deadline)).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(kinesis.requests(), [5; 61]);
}

#[tokio::test]
async fn a_stream_that_never_accepts_ends_at_the_deadline() {
    let (kinesis, client) = Kinesis::start([]).await;
    kinesis.always(Answer::RefuseAll);
    let stream = Stream::new(&client, "tt-events");
    let deadline = Instant::now() + Duration::from_millis(700);
    let results = stream.put(&entries(5), Some(deadline)).await;
    let is_out_of_time = |result| matches!(result, Err(PutError::OutOfTime { attempts: 2.. }));
    assert!(results.into_iter().all(is_out_of_time));
    assert!(Instant::now() < deadline + Duration::from_secs(5));
}
