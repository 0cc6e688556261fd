//! Faults of Salesforce and of the bucket, and the counts in spite of them.

use jiff::{SignedDuration, Timestamp};
use kinesis_consumer::{Consumer, Outcome, Settled};

use super::*;
use crate::{case::Case, salesforce::Found, stand_in::Fault};

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
    // Its answer is known by now.
    let id = event(0).event_id.to_string();
    assert!(bench.function.memory.sent_since(&id).is_none());
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

#[tokio::test]
async fn a_case_that_is_seen_twice_or_not_at_all_is_there_by_its_duplicate() {
    // 300: several records hold the value. 404: ours to create, not ours to see.
    for status in [300, 404] {
        let bench = Bench::new().await;
        bench.outside.world().faults.push_back(Fault::StoreThenHang);
        bench.outside.world().find_faults.push_back(Some(status));
        let summary = bench.run(&events(1)).await;
        assert_eq!((summary.neutral, summary.failed), (1, 0), "{status}");
    }
    let bench = Bench::new().await;
    bench.outside.world().duplicates_are_vague = true;
    bench.run(&events(1)).await;
    bench.outside.world().find_faults.push_back(Some(300));
    let summary = bench.run(&events(1)).await;
    assert_eq!((summary.neutral, summary.failed), (1, 0));
}

#[tokio::test]
async fn a_request_that_is_refused_without_a_known_reason_is_permanent_in_the_end() {
    let (bench, summary) = five_against(&[Fault::Refuse(418, "TEAPOT"); 4]).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!(bench.counted(), (0, 5));
    let world = bench.outside.world();
    assert!(world.parked.values().all(|it| it["code"] == "TEAPOT"));
}

#[tokio::test]
async fn a_record_parked_at_the_second_try_is_counted_once() {
    let bench = Bench::new().await;
    let batch = [b"no event".to_vec()];
    bench.outside.world().put_faults.push_back((false, 500));
    for _ in 0..2 {
        bench.run(&batch).await;
        assert_eq!(bench.counted(), (0, 1));
    }
}

#[tokio::test]
async fn a_bucket_that_cannot_be_asked_whether_it_keeps_a_record_leaves_it_open() {
    let bench = Bench::new().await;
    let faults = [(false, 403), (false, 403), (true, 500)];
    bench.outside.world().put_faults.extend(faults);
    bench.outside.world().head_faults.push_back(503);
    let batch = encoded(&[too_long(0)]);
    for counted in [(0, 0), (0, 0), (0, 1), (0, 1)] {
        bench.run(&batch).await;
        assert_eq!(bench.counted(), counted);
    }
    assert_eq!(bench.outside.world().calls, [1]);
}

#[tokio::test]
async fn a_case_that_was_counted_is_a_replay_to_delivery_itself() {
    let bench = Bench::new().await;
    bench.run(&events(1)).await;
    bench.outside.world().faults.push_back(Fault::Hang);
    let case = Case::read(&events(1)[0], &bench.function.mapping).unwrap();
    let deadline = Deadline::after(Duration::from_mins(1), Clock::system());
    let invocation = Invocation::new(&bench.function, deadline);
    let verdicts = invocation.deliver(&[&case], deadline).await;
    assert_eq!(verdicts, [Outcome::Neutral]);
    assert_eq!(bench.outside.world().finds, 1);
}

#[tokio::test]
async fn a_case_is_ours_from_shortly_before_the_lost_call_on() {
    let bench = Bench::new().await;
    let deadline = Deadline::after(Duration::from_mins(1), Clock::system());
    let invocation = Invocation::new(&bench.function, deadline);
    let at = |second| Timestamp::from_second(second).unwrap();
    let is_ours = |created: Option<i64>, since: Option<i64>| {
        let found = Found {
            created_at: created.map(at),
        };
        invocation.delivery().is_ours("a", found, since.map(at))
    };
    assert!(is_ours(Some(100), Some(100)) && is_ours(Some(100), Some(103)));
    assert!(!is_ours(Some(100), Some(104)));
    assert!(!is_ours(None, Some(100)) && !is_ours(Some(100), None));
    assert!(bench.function.memory.count("a"));
    assert!(!is_ours(Some(100), Some(100)));
}

#[tokio::test]
async fn a_created_case_is_remembered_until_it_is_counted_and_an_unsent_one_is_not() {
    let bench = Bench::new().await;
    let deadline = Deadline::after(Duration::from_mins(1), Clock::system());
    let invocation = Invocation::new(&bench.function, deadline);
    let case = Case::read(&events(1)[0], &bench.function.mapping).unwrap();
    invocation.deliver(&[&case], deadline).await;
    let memory = &bench.function.memory;
    assert!(memory.sent_since(case.event_id()).is_some());
    invocation.settle(Some(&case), Settled::Success);
    assert!(memory.sent_since(case.event_id()).is_none());

    // Nobody listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let bench = Bench::new().await;
    {
        let mut world = bench.outside.world();
        world.secret = world.secret.replace(&world.url, &nowhere);
    }
    let summary = bench.run(&events(1)).await;
    assert_eq!(summary.response, again_from(0));
    assert!(bench.function.memory.sent_since(case.event_id()).is_none());
}
