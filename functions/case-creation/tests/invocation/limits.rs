//! Limits of the org, locks and connections.

use super::*;

#[tokio::test]
async fn after_a_request_limit_the_next_invocations_make_no_call() {
    let bench = Bench::new().await;
    bench.script([limit()]);
    for _ in 0..3 {
        let summary = bench.run(&events(2)).await;
        assert_eq!(summary.response, retry_from(0));
    }
    assert_eq!(bench.calls(), [2]);
    assert_eq!(bench.counted(), (0, 0));
}

#[tokio::test]
async fn a_limit_that_one_record_meets_is_one_for_all() {
    let bench = Bench::new().await;
    bench.script([Fault::refuse_record(1, "REQUEST_LIMIT_EXCEEDED")]);
    let summary = bench.run(&events(3)).await;
    assert_eq!(summary.response, retry_from(1));
    bench.run(&events(3)).await;
    assert_eq!(bench.calls(), [3]);
    assert_eq!(bench.counted(), (2, 0));
}

#[tokio::test]
async fn a_breaker_that_is_open_holds_back_every_kind_of_call() {
    let bench = Bench::new().await;
    bench.rules(|rules| rules.duplicates_name_the_field = false);
    bench.run(&events(1)).await;
    bench.script([limit()]);
    bench.run(&events(2)).await;
    let record = discards::record_of(&events(1));
    bench.handle(discards::read(&record)).await.unwrap_err();
    assert_eq!((bench.calls().len(), bench.finds()), (2, 0));
}

#[tokio::test]
async fn calls_stop_when_the_org_has_used_up_nearly_all_requests() {
    let bench = Bench::new().await;
    bench.rules(|rules| rules.limit_info = Some("api-usage=4749/5000".to_owned()));
    let summary = bench.run(&events(250)).await;
    assert_eq!(summary.succeeded, 250);

    bench.rules(|rules| rules.limit_info = Some("api-usage=4750/5000".to_owned()));
    let batch = encoded(&(1_000..1_250).map(event).collect::<Vec<_>>());
    let summary = bench.run(&batch).await;
    assert_eq!(summary.response, retry_from(200));
    assert_eq!(bench.calls(), [200, 50, 200]);
    assert_eq!(bench.counted(), (450, 0));
}

/// Two accounts, in turns.
const BY_ACCOUNT: &str = r#"external_id = "TT_Event_Id__c"
[fields]
Subject = "{event_type}"
AccountId = "{branch}""#;

const ACCOUNT_A: &str = "001000000000001AAA";
const ACCOUNT_B: &str = "001000000000002AAA";

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
    let bench = Bench::with_settings(&[("CASE_MAPPING", BY_ACCOUNT)]).await;
    bench.script([Fault::refuse(400, "UNABLE_TO_LOCK_ROW")]);
    let summary = bench
        .run(&of_accounts(&[ACCOUNT_A, ACCOUNT_B].repeat(3)))
        .await;
    assert_eq!(summary.succeeded, 6);
    assert_eq!(bench.calls(), [6, 3, 3]);
    let last = bench.services.org().calls().pop().unwrap();
    let accounts = last.records.iter().map(|record| &record["AccountId"]);
    assert!({ accounts }.all(|account| *account == ACCOUNT_B));
}

#[tokio::test]
async fn a_lock_on_one_record_delivers_it_alone() {
    let bench = Bench::new().await;
    let lock = Fault::refuse_record(2, "UNABLE_TO_LOCK_ROW");
    bench.script([lock.clone(), lock]);
    let summary = bench.run(&events(4)).await;
    assert_eq!(bench.calls(), [4, 1, 1]);
    assert_eq!((summary.succeeded, bench.counted()), (4, (4, 0)));
}

#[tokio::test]
async fn invocations_share_their_connections() {
    let bench = Bench::new().await;
    bench.run(&events(2)).await;
    let connections = bench.services.aws().connections;
    assert!(connections > 0);
    for index in 10..15 {
        bench.run(&encoded(&[event(index)])).await;
    }
    assert_eq!(bench.services.aws().connections, connections);
}

#[tokio::test]
async fn an_answer_that_breaks_off_after_the_work_counts_as_created() {
    let bench = Bench::new().await;
    bench.script([Fault::After(Ending::BreakOff)]);
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
    assert_eq!(bench.calls(), [2, 2]);
    assert_eq!(bench.counted(), (2, 0));
}
