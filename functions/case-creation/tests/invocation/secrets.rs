//! The token: refreshed when necessary, once for all callers, and never disclosed.

use futures_util::future::join_all;
use sha2::{Digest, Sha256};

use super::{log::Log, *};

const CANARY: &str = "canary-token-00D";

/// The first 16 hex digits of the SHA-256.
fn fingerprint(token: &str) -> String {
    let digest = Sha256::digest(token.as_bytes());
    let head: [u8; 8] = digest[..8].try_into().unwrap();
    format!("{:016x}", u64::from_be_bytes(head))
}

#[tokio::test]
async fn a_rejected_token_is_refreshed_once() {
    let bench = Bench::new().await;
    bench.run(&events(1)).await;
    bench.services.org().end_sessions();
    let batches = [1, 2, 3, 4, 5].map(|index| encoded(&[event(index)]));
    let at_once = batches.iter().map(|batch| bench.run(batch));
    join_all(at_once).await;
    assert_eq!(bench.counted(), (6, 0));
    let fingerprint_of_first = &fingerprint("token-0");
    let expected = json!({"action": "refresh", "rejected": fingerprint_of_first});
    assert_eq!(bench.services.aws().refreshes, [expected]);
}

#[tokio::test]
async fn a_token_that_the_schedule_renewed_is_taken_without_a_refresh() {
    let bench = Bench::new().await;
    bench.run(&events(1)).await;
    bench.services.org().end_sessions();
    bench.services.issue("second-token");
    bench.run(&encoded(&[event(1)])).await;
    assert_eq!(bench.counted(), (2, 0));
    assert!(bench.services.aws().refreshes.is_empty());
}

#[tokio::test]
async fn a_secret_without_a_token_requests_one() {
    let bench = Bench::new().await;
    bench.services.aws().secret = "{}".to_owned();
    bench.run(&events(2)).await;
    assert_eq!(bench.counted(), (2, 0));
    assert_eq!(
        bench.services.aws().refreshes,
        [json!({"action": "refresh", "ahead_seconds": 30})]
    );
}

#[tokio::test]
async fn an_expired_token_is_not_used() {
    let bench = Bench::new().await;
    let secret = bench.services.aws().secret.clone();
    bench.services.aws().secret = secret.replace("2999-", "2020-");
    bench.run(&events(1)).await;
    assert_eq!(bench.services.aws().refreshes.len(), 1);
    assert_eq!(bench.counted(), (1, 0));
}

#[tokio::test]
async fn a_token_that_stays_rejected_blocks_and_counts_nothing() {
    let bench = Bench::new().await;
    bench.services.org().end_sessions();
    bench.services.aws().refreshed_tokens_are_rejected = true;
    let summary = bench.run(&events(2)).await;
    assert_eq!(summary.response, retry_from(0));
    assert_eq!(bench.counted(), (0, 0));
    assert_eq!(bench.services.aws().refreshes.len(), 1);
}

#[tokio::test]
async fn a_failing_token_manager_is_invoked_once_in_an_invocation() {
    let bench = Bench::new().await;
    bench.services.aws().secret = "{}".to_owned();
    bench.services.aws().token_manager_fails = true;
    let summary = bench.run(&events(250)).await;
    assert_eq!(summary.response, retry_from(0));
    assert_eq!(bench.counted(), (0, 0));
    assert_eq!(bench.services.aws().refreshes.len(), 1);
    assert!(bench.calls().is_empty());

    bench.services.aws().token_manager_fails = false;
    bench.run(&events(250)).await;
    assert_eq!(bench.counted(), (250, 0));
}

#[tokio::test]
async fn a_failing_token_manager_is_invoked_once_for_many_lookups() {
    let bench = Bench::new().await;
    bench.rules(|rules| rules.duplicates_name_the_field = false);
    bench.run(&events(5)).await;
    bench.rules(|rules| rules.finds_reject_the_token = true);
    bench.services.aws().token_manager_fails = true;
    let summary = bench.run(&events(5)).await;
    assert_eq!(summary.response, retry_from(0));
    assert_eq!(bench.counted(), (5, 0));
    assert_eq!(bench.services.aws().refreshes.len(), 1);
    assert_eq!(bench.calls(), [5, 5]);
}

#[tokio::test]
async fn neither_the_token_nor_the_record_is_disclosed() {
    let (log, _guard) = Log::start();
    let bench = Bench::new().await;
    bench.services.issue(CANARY);
    // An error that repeats the request header, in every part of it.
    let header = format!("Bearer {CANARY}");
    let repeated = |position| Fault::RefuseRecords {
        code: header.clone().into(),
        message: format!("{header}\n{{\"_aws\":{{}}}}").into(),
        positions: vec![position],
    };
    bench.script([
        Fault::refuse(503, "SERVER_UNAVAILABLE"),
        store_then_hang(),
        Fault::refuse(401, "INVALID_SESSION_ID"),
    ]);
    let mut secret_subject = event(1);
    secret_subject.subject = Some(Json::from_text(&"canary-subject".repeat(30)));
    let summary = bench.run(&encoded(&[event(0), secret_subject])).await;
    bench.services.issue(CANARY);
    bench.script(vec![repeated(0); 4]);
    let refused = bench.run(&encoded(&[event(3)])).await;
    assert_eq!(bench.parked(&event(3))["code"], "INVALID_ERROR_CODE");
    bench.script(vec![Fault::refuse(400, header.clone()); 8]);
    bench.run(&encoded(&[event(4), event(5)])).await;
    // Every refresh stores a token that is rejected.
    bench.services.org().end_sessions();
    bench.services.aws().refreshed_tokens_are_rejected = true;
    let blocked = bench.run(&encoded(&[event(2)])).await;

    let parked = format!("{:?}", bench.services.aws().parked);
    let shown = format!("{summary:?} {refused:?} {blocked:?} {:?}", bench.function);
    let logged = log.text();
    assert!(logged.contains("record has to be delivered again"));
    for text in [shown.as_str(), logged.as_str()] {
        assert!(!text.contains("canary"), "{text}");
    }
    assert!(!parked.contains(CANARY), "{parked}");
}

#[tokio::test]
async fn the_token_is_not_sent_to_a_host_that_is_not_allowed() {
    let bench = Bench::new().await;
    let secret = bench.services.aws().secret.clone();
    let forged = secret.replace(bench.services.url(), "http://salesforce.example");
    bench.services.aws().secret = forged;
    // The token manager stores an allowed address again.
    let summary = bench.run(&events(1)).await;
    assert_eq!(summary.succeeded, 1);
    assert_eq!(bench.services.aws().refreshes.len(), 1);
}
