//! Limits of the org, locks and connections: Salesforce is spared.

use super::*;
use crate::stand_in::Fault;

#[tokio::test]
async fn after_a_request_limit_the_next_invocations_make_no_call() {
    let bench = Bench::new().await;
    let limit = Fault::Refuse(403, "REQUEST_LIMIT_EXCEEDED");
    bench.outside.world().faults.push_back(limit);
    for _ in 0..3 {
        let summary = bench.run(&events(2)).await;
        assert_eq!(summary.response, again_from(0));
    }
    assert_eq!(bench.outside.world().calls, [2]);
    assert_eq!(bench.counted(), (0, 0));
}

#[tokio::test]
async fn a_limit_that_one_record_meets_is_one_for_all() {
    let bench = Bench::new().await;
    let limit = Fault::RefuseOne(1, "REQUEST_LIMIT_EXCEEDED");
    bench.outside.world().faults.push_back(limit);
    let summary = bench.run(&events(3)).await;
    assert_eq!(summary.response, again_from(1));
    bench.run(&events(3)).await;
    assert_eq!(bench.outside.world().calls, [3]);
    assert_eq!(bench.counted(), (2, 0));
}

#[tokio::test]
async fn a_breaker_that_is_open_holds_back_every_kind_of_call() {
    let bench = Bench::new().await;
    bench.outside.world().duplicates_are_vague = true;
    bench.run(&events(1)).await;
    bench.function.breaker.open();
    bench.run(&events(2)).await;
    let world = bench.outside.world();
    assert_eq!((world.calls.len(), world.finds), (1, 0));
}

#[tokio::test]
async fn calls_stop_when_the_org_has_hardly_any_requests_left() {
    let bench = Bench::new().await;
    bench.outside.world().usage = Some("api-usage=4749/5000".to_owned());
    let summary = bench.run(&events(250)).await;
    assert_eq!(summary.succeeded, 250);

    bench.outside.world().usage = Some("api-usage=4750/5000".to_owned());
    let batch = encoded(&(1_000..1_250).map(event).collect::<Vec<_>>());
    let summary = bench.run(&batch).await;
    assert_eq!(summary.response, again_from(200));
    assert_eq!(bench.outside.world().calls, [200, 50, 200]);
    assert_eq!(bench.counted(), (450, 0));
}

/// Two accounts, in turns.
const BY_ACCOUNT: &str = r#"external_id = "TT_Event_Id__c"
[fields]
Subject = "{event_type}"
AccountId = "{branch}""#;

fn of_accounts(accounts: &[&str]) -> Vec<Vec<u8>> {
    let event_of = |(index, account): (usize, &&str)| {
        let mut event = event(index as u64);
        event
            .extra
            .insert("branch".to_owned(), Json::from_text(account));
        event
    };
    let events: Vec<_> = accounts.iter().enumerate().map(event_of).collect();
    encoded(&events)
}

#[tokio::test]
async fn a_lock_makes_calls_smaller_and_keeps_an_account_in_one() {
    let bench = Bench::with_mapping(Some(BY_ACCOUNT)).await;
    let lock = Fault::Refuse(400, "UNABLE_TO_LOCK_ROW");
    bench.outside.world().faults.push_back(lock);
    let summary = bench
        .run(&of_accounts(&["a", "b", "a", "b", "a", "b"]))
        .await;
    assert_eq!(summary.succeeded, 6);
    let world = bench.outside.world();
    assert_eq!(world.calls, [6, 3, 3]);
    assert_eq!(world.accounts, ["b", "b", "b"]);
}

#[tokio::test]
async fn a_lock_on_one_record_delivers_it_alone() {
    let bench = Bench::new().await;
    let lock = Fault::RefuseOne(2, "UNABLE_TO_LOCK_ROW");
    bench.outside.world().faults.extend([lock, lock]);
    let summary = bench.run(&events(4)).await;
    assert_eq!(bench.outside.world().calls, [4, 1, 1]);
    assert_eq!((summary.succeeded, bench.counted()), (4, (4, 0)));
}

#[tokio::test]
async fn invocations_share_their_connections() {
    let bench = Bench::new().await;
    bench.run(&events(2)).await;
    let connections = bench.outside.world().connections;
    assert!(connections > 0);
    for index in 10..15 {
        bench.run(&encoded(&[event(index)])).await;
    }
    assert_eq!(bench.outside.world().connections, connections);
}

#[tokio::test]
async fn an_answer_that_breaks_off_after_the_work_counts_as_created() {
    let bench = Bench::new().await;
    bench
        .outside
        .world()
        .faults
        .push_back(Fault::StoreThenBreakOff);
    let summary = bench.run(&events(3)).await;
    assert_eq!(summary.response, BatchResponse::default());
    assert_eq!((bench.cases(), bench.counted()), (3, (3, 0)));
}

#[tokio::test]
async fn a_replay_overwrites_nothing() {
    let bench = Bench::new().await;
    bench.run(&events(2)).await;
    bench.run(&events(2)).await;
    // Both times as a creation, which a unique external id refuses; never as an update.
    assert_eq!(bench.outside.world().calls, [2, 2]);
    assert_eq!(bench.counted(), (2, 0));
}
