//! The token: refreshed when it must be, once for all, and shown nowhere.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};

use futures_util::future::join_all;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::*;
use crate::stand_in::Fault;

const CANARY: &str = "canary-token-00D";

/// Keeps every logged field as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut self.clone());
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = self.0.lock().unwrap();
        writeln!(text, "{}={value:?}", field.name()).unwrap();
    }
}

#[tokio::test]
async fn a_rejected_token_is_refreshed_once() {
    let bench = Bench::new().await;
    bench.run(&events(1)).await;
    {
        let mut world = bench.outside.world();
        world.accepted = "second-token".to_owned();
        world.next_token = "second-token".to_owned();
    }
    let batches = [1, 2, 3, 4, 5].map(|index| encoded(&[event(index)]));
    let at_once = batches.iter().map(|batch| bench.run(batch));
    join_all(at_once).await;
    assert_eq!(bench.counted(), (6, 0));
    let fingerprint_of_first = "55b4b48f529c3d2d";
    let expected = json!({"action": "refresh", "rejected": fingerprint_of_first});
    assert_eq!(bench.outside.world().refreshes, [expected]);
}

#[tokio::test]
async fn a_token_that_the_schedule_renewed_is_taken_without_a_refresh() {
    let bench = Bench::new().await;
    bench.run(&events(1)).await;
    bench.outside.issue("second-token");
    bench.run(&encoded(&[event(1)])).await;
    assert_eq!(bench.counted(), (2, 0));
    assert!(bench.outside.world().refreshes.is_empty());
}

#[tokio::test]
async fn a_secret_without_a_token_yet_asks_for_one() {
    let bench = Bench::new().await;
    bench.outside.world().secret = "{}".to_owned();
    bench.run(&events(2)).await;
    assert_eq!(bench.counted(), (2, 0));
    assert_eq!(
        bench.outside.world().refreshes,
        [json!({"action": "refresh", "ahead_seconds": 30})]
    );
}

#[tokio::test]
async fn an_expired_token_is_not_used() {
    let bench = Bench::new().await;
    {
        let mut world = bench.outside.world();
        world.secret = world.secret.replace("2999-", "2020-");
    }
    bench.run(&events(1)).await;
    assert_eq!(bench.outside.world().refreshes.len(), 1);
    assert_eq!(bench.counted(), (1, 0));
}

#[tokio::test]
async fn a_token_that_stays_rejected_blocks_and_counts_nothing() {
    let bench = Bench::new().await;
    bench.outside.world().accepted = "never-issued".to_owned();
    bench.outside.world().next_token = "also-rejected".to_owned();
    let summary = bench.run(&events(2)).await;
    assert_eq!(summary.response, again_from(0));
    assert_eq!(bench.counted(), (0, 0));
    assert_eq!(bench.outside.world().refreshes.len(), 1);
}

#[tokio::test]
async fn a_token_manager_that_fails_is_asked_once_by_an_invocation() {
    let bench = Bench::new().await;
    {
        let mut world = bench.outside.world();
        world.secret = "{}".to_owned();
        world.manager_fails = true;
    }
    let summary = bench.run(&events(250)).await;
    assert_eq!(summary.response, again_from(0));
    assert_eq!(bench.counted(), (0, 0));
    assert_eq!(bench.outside.world().refreshes.len(), 1);
    assert!(bench.outside.world().calls.is_empty());

    bench.outside.world().manager_fails = false;
    bench.run(&events(250)).await;
    assert_eq!(bench.counted(), (250, 0));
}

#[tokio::test]
async fn a_token_manager_that_fails_is_asked_once_for_many_finds() {
    let bench = Bench::new().await;
    bench.outside.world().duplicates_are_vague = true;
    bench.run(&events(5)).await;
    {
        let mut world = bench.outside.world();
        world.finds_reject_the_token = true;
        world.manager_fails = true;
    }
    let summary = bench.run(&events(5)).await;
    assert_eq!(summary.response, again_from(0));
    assert_eq!(bench.counted(), (5, 0));
    assert_eq!(bench.outside.world().refreshes.len(), 1);
    assert_eq!(bench.outside.world().calls, [5, 5]);
}

#[tokio::test]
async fn neither_token_nor_record_is_shown_anywhere() {
    let log = Log::default();
    // With one subscriber alone, an event that another test logs first is switched off for all threads.
    let _second = tracing::Dispatch::new(Log::default());
    let _guard = tracing::subscriber::set_default(log.clone());
    let bench = Bench::new().await;
    bench.outside.issue(CANARY);
    bench.outside.world().faults.extend([
        Fault::Refuse(503, "SERVER_UNAVAILABLE"),
        Fault::StoreThenHang,
        Fault::Refuse(401, "INVALID_SESSION_ID"),
    ]);
    let mut secret_subject = event(1);
    secret_subject.subject = Some(Json::from_text(&"canary-subject".repeat(30)));
    let summary = bench.run(&encoded(&[event(0), secret_subject])).await;
    // Every refresh leaves a token that is rejected.
    bench.outside.world().accepted = "another".to_owned();
    let blocked = bench.run(&encoded(&[event(2)])).await;
    let bad_secret = format!("{{\"access_token\": [\"{CANARY}\"]}}");
    bench.outside.world().secret = bad_secret;
    let error = bench.function.tokens.get().await;

    let shown = format!("{summary:?} {blocked:?} {error:?} {:?}", bench.function);
    let logged = log.0.lock().unwrap();
    assert!(logged.contains("record has to be delivered again"));
    for text in [shown.as_str(), logged.as_str()] {
        assert!(!text.contains("canary"), "{text}");
    }
}
