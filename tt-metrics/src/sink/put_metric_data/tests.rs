//! What is sent again, and what is known after each answer.

use std::{
    collections::VecDeque,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use super::{
    stand_in::{Answer, behind_a_door, sink},
    *,
};
use crate::{
    metric::{DimensionSets, MetricName},
    sink::{Properties, SinkResult},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// What became of so many data, how many requests they took, and whether they can be sent elsewhere as a whole.
async fn sent(data: u64, answers: &[Answer], budget: Duration) -> (SinkResult, usize, bool) {
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    let last = answers.last().copied().unwrap_or(Answer::ACCEPT);
    let mut answers: VecDeque<Answer> = answers.iter().copied().collect();
    let sink = sink(move |_| {
        seen.fetch_add(1, Ordering::Relaxed);
        answers.pop_front().unwrap_or(last)
    });
    let (result, held) = emitted(&sink, data, budget).await;
    (result, requests.load(Ordering::Relaxed), held)
}

/// What became of so many data, and whether they can be sent elsewhere as a whole.
async fn emitted(sink: &PutMetricData, data: u64, budget: Duration) -> (SinkResult, bool) {
    static NONE: LazyLock<DimensionSets> = LazyLock::new(DimensionSets::default);
    let data: Vec<_> = (0..data)
        .map(|growth| Datum::count(MetricName::new("Done"), growth))
        .collect();
    let departure = Departure::default();
    let batch = Batch {
        namespace: "test",
        dimensions: &NONE,
        timestamp: SystemTime::now(),
        data: &data,
        invocation: None,
        properties: Properties::NONE,
        departure: &departure,
    };
    let result = sink.emit(batch, budget).await;
    (result, departure.is_held())
}

#[test]
fn pauses_grow_and_are_spread() {
    assert_eq!(delay(1, 1.0), Duration::from_millis(50));
    assert_eq!(delay(2, 1.0), Duration::from_millis(100));
    assert_eq!(delay(2, 0.5), Duration::from_millis(50));
    assert_eq!(delay(3, 0.0), Duration::ZERO);
}

#[tokio::test]
async fn what_was_not_accepted_is_sent_again_only_where_that_can_help() {
    for (status, code, data, requests) in [
        (429, "Anything", 2, 3),
        (400, "Throttling", 2, 3),
        (400, "ThrottlingException", 2, 3),
        (503, "SlowDown", 2, 3),
        (403, "AccessDenied", 3, 1),
        (400, "InvalidParameterValue", 1, 1),
        // The whole, and its parts.
        (400, "InvalidParameterValue", 2, 3),
        (400, "MissingRequiredParameterException", 3, 5),
        (413, "RequestEntityTooLarge", 2, 3),
    ] {
        let answer = [Answer::new(status, code)];
        let (result, sent, held) = sent(data, &answer, PATIENCE).await;
        assert!(
            matches!(result, Err(EmitError::NotAccepted(_))),
            "{code} {result:?}"
        );
        assert_eq!((sent, held), (requests, true), "{status} {code}");
    }
}

#[tokio::test]
async fn what_may_have_been_accepted_is_not_sent_again() {
    for (status, code) in [(500, "InternalServiceFault"), (503, "ServiceUnavailable")] {
        let answer = [Answer::new(status, code)];
        let (result, sent, held) = sent(3, &answer, PATIENCE).await;
        assert!(
            matches!(result, Err(EmitError::Ambiguous(_))),
            "{code} {result:?}"
        );
        assert_eq!((sent, held), (1, false), "{status} {code}");
    }
}

#[tokio::test]
async fn a_request_that_never_left_is_sent_again_within_three_attempts() {
    for refused in 0..=MAX_ATTEMPTS {
        let (sink, door) = behind_a_door(refused);
        let (result, held) = emitted(&sink, 3, PATIENCE).await;
        let attempts = door.attempts.load(Ordering::Relaxed);
        let arrived = crate::count::sync::lock(&door.bodies).len();
        if refused < MAX_ATTEMPTS {
            assert!(result.is_ok(), "{result:?}");
            assert_eq!((attempts, arrived, held), (refused + 1, 1, false));
        } else {
            assert!(
                matches!(result, Err(EmitError::NotAccepted(_))),
                "{result:?}"
            );
            assert_eq!((attempts, arrived, held), (MAX_ATTEMPTS, 0, true));
        }
    }
}

#[tokio::test]
async fn a_request_whose_connection_breaks_is_not_sent_again() {
    let (result, sent, held) = sent(3, &[Answer::HANG_UP], PATIENCE).await;
    assert!(matches!(result, Err(EmitError::Ambiguous(_))), "{result:?}");
    assert_eq!((sent, held), (1, false));
}

#[tokio::test]
async fn nothing_is_sent_when_the_time_is_too_short() {
    let (result, sent, held) = sent(1, &[Answer::ACCEPT], MIN_BUDGET / 2).await;
    assert!(
        matches!(result, Err(EmitError::NotAccepted(_))),
        "{result:?}"
    );
    assert_eq!((sent, held), (0, true));
}

#[tokio::test]
async fn once_a_part_was_accepted_the_batch_can_not_go_elsewhere_as_a_whole() {
    let invalid = Answer::new(400, "InvalidParameterValue");
    let (result, requests, held) = sent(2, &[invalid, Answer::ACCEPT, invalid], PATIENCE).await;
    let Err(EmitError::Partial(partial)) = result else {
        panic!("{result:?}");
    };
    assert_eq!((partial.dropped, requests, held), (1, 3, false));
}

#[tokio::test]
async fn parts_that_meet_other_faults_are_told_apart() {
    let answers = [
        Answer::new(400, "InvalidParameterValue"),
        Answer::new(500, "InternalServiceFault"),
        Answer::new(403, "AccessDenied"),
    ];
    let (result, requests, held) = sent(5, &answers, PATIENCE).await;
    let Err(EmitError::Partial(partial)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(
        (partial.ambiguous.len(), partial.not_accepted.len()),
        (3, 2)
    );
    assert_eq!((partial.dropped, requests, held), (0, 3, true));
}
