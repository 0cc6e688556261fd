//! Faults of Salesforce and of the bucket, and the counts in spite of them.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::stand_in::Fault;

/// Five events against these faults of the first calls.
async fn five_against(faults: &[Fault]) -> (Bench, Summary) {
    let bench = Bench::new().await;
    bench.outside.world().faults.extend(faults);
    let summary = bench.run(&events(5)).await;
    (bench, summary)
}

/// Every Case is there and counted, once.
fn assert_five_cases(bench: &Bench, summary: &Summary) {
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!((bench.cases(), bench.counted()), (5, (5, 0)));
}

#[tokio::test]
async fn a_server_that_is_down_for_a_moment_costs_nothing() {
    let down = Fault::Refuse(503, "SERVER_UNAVAILABLE");
    let (bench, summary) = five_against(&[down, down]).await;
    assert_five_cases(&bench, &summary);
}

#[tokio::test]
async fn a_call_that_was_done_and_timed_out_counts_as_created() {
    let (bench, summary) = five_against(&[Fault::StoreThenHang]).await;
    assert_five_cases(&bench, &summary);
    assert_eq!(bench.outside.world().finds, 5);
}

#[tokio::test]
async fn two_deliveries_at_once_that_find_the_same_lost_cases_count_them_once() {
    let bench = Bench::new().await;
    let faults = [Fault::StoreThenHang, Fault::Hang];
    bench.outside.world().faults.extend(faults);
    // More Cases than are looked for at once: both deliveries find the first before either counts.
    let batch = events(12);
    let (one, other) = tokio::join!(bench.run(&batch), bench.run(&batch));
    assert_eq!(one.succeeded + other.succeeded, 12);
    assert_eq!(one.neutral + other.neutral, 12);
    assert_eq!((bench.cases(), bench.counted()), (12, (12, 0)));
}

#[tokio::test]
async fn a_call_that_was_done_and_answered_503_counts_as_created() {
    let (bench, summary) = five_against(&[Fault::StoreThenFail]).await;
    assert_five_cases(&bench, &summary);
}

#[tokio::test]
async fn a_list_of_the_wrong_length_is_no_answer() {
    let (bench, summary) = five_against(&[Fault::StoreThenShorten]).await;
    assert_five_cases(&bench, &summary);
}

#[tokio::test]
async fn a_call_that_timed_out_undone_is_repeated() {
    let (bench, summary) = five_against(&[Fault::Hang]).await;
    assert_five_cases(&bench, &summary);
    assert_eq!(bench.outside.world().finds, 0);
}

#[tokio::test]
async fn a_case_from_long_ago_is_a_replay_even_after_a_lost_answer() {
    let bench = Bench::new().await;
    let long_ago = Timestamp::now() - SignedDuration::from_mins(5);
    let id = event(0).event_id.to_string();
    bench.outside.world().cases.insert(id, long_ago);
    bench.outside.world().faults.push_back(Fault::StoreThenHang);
    let summary = bench.run(&events(3)).await;
    assert_eq!((summary.succeeded, summary.neutral), (2, 1));
    assert_eq!(bench.counted(), (2, 0));
}

#[tokio::test]
async fn a_case_counted_a_moment_ago_is_a_replay_even_after_a_lost_answer() {
    let bench = Bench::new().await;
    let busy = event(0).event_id.to_string();
    bench
        .outside
        .world()
        .refused
        .insert(busy, "UNABLE_TO_LOCK_ROW");
    let summary = bench.run(&events(3)).await;
    assert_eq!(summary.response, again_from(0));
    assert_eq!(bench.counted(), (2, 0));

    bench.outside.world().refused.clear();
    bench.outside.world().faults.push_back(Fault::Hang);
    bench.run(&events(3)).await;
    assert_eq!((bench.cases(), bench.counted()), (3, (3, 0)));
}

#[tokio::test]
async fn a_server_that_stays_down_blocks_and_counts_nothing() {
    let down = Fault::Refuse(503, "SERVER_UNAVAILABLE");
    let (bench, summary) = five_against(&[down; 4]).await;
    assert_eq!(summary.response, again_from(0));
    assert_eq!((bench.cases(), bench.counted()), (0, (0, 0)));
    assert_eq!(bench.outside.world().calls.len(), 4);
}

#[tokio::test]
async fn a_request_limit_stops_all_calls() {
    let (bench, summary) = five_against(&[Fault::Refuse(403, "REQUEST_LIMIT_EXCEEDED")]).await;
    assert_eq!(summary.response, again_from(0));
    assert_eq!(bench.outside.world().calls.len(), 1);
    assert_eq!(bench.counted(), (0, 0));
}

#[tokio::test]
async fn a_record_that_spoils_the_call_is_found_by_halves() {
    let bench = Bench::new().await;
    let spoiler = event(3).event_id.to_string();
    bench.outside.world().spoilers.insert(spoiler.clone());
    let summary = bench.run(&events(8)).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (7, 1));
    let world = bench.outside.world();
    let key = format!("parked/case-creation/{spoiler}.json");
    assert_eq!(world.parked[&key]["code"], "JSON_PARSER_ERROR");
}

#[tokio::test]
async fn a_code_nobody_heard_of_is_tried_again_and_then_permanent() {
    let bench = Bench::new().await;
    let id = event(0).event_id.to_string();
    bench.outside.world().refused.insert(id, "NEVER_HEARD_OF");
    let summary = bench.run(&events(2)).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.outside.world().calls, [2, 1, 1, 1]);
    assert_eq!(bench.counted(), (1, 1));
}

#[tokio::test]
async fn a_duplicate_that_names_no_field_is_asked_for() {
    let bench = Bench::new().await;
    bench.outside.world().duplicates_are_vague = true;
    bench.run(&events(1)).await;
    // A second event is a duplicate too, but no Case holds its id.
    let other = event(1).event_id.to_string();
    bench
        .outside
        .world()
        .refused
        .insert(other, "DUPLICATE_VALUE");
    let summary = bench.run(&events(2)).await;
    assert_eq!((summary.neutral, summary.failed), (1, 1));
    assert_eq!(bench.outside.world().finds, 2);
    assert_eq!(bench.counted(), (1, 1));
}

#[tokio::test]
async fn a_record_that_cannot_be_parked_is_reported_and_not_counted() {
    let bench = Bench::new().await;
    bench.outside.world().put_faults.extend([(false, 403); 3]);
    let batch = encoded(&[event(0), too_long(1), event(2)]);
    let summary = bench.run(&batch).await;
    assert_eq!(summary.response, again_from(1));
    assert_eq!(bench.counted(), (2, 0));

    let summary = bench.run(&batch[1..]).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (2, 1));
}

#[tokio::test]
async fn a_record_that_was_parked_without_an_answer_is_counted() {
    let bench = Bench::new().await;
    bench.outside.world().put_faults.push_back((true, 500));
    bench.run(&encoded(&[too_long(0)])).await;
    assert_eq!(bench.outside.world().parked.len(), 1);
    assert_eq!(bench.counted(), (0, 1));
}
