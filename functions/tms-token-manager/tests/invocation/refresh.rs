//! Refreshes: when a token is replaced, the stored token, and the answer.

use serde_json::json;

use crate::world::{CLIENT_ID, CLIENT_SECRET, Kinesis, Login, World, fingerprint, stored_token};

#[tokio::test]
async fn the_first_refresh_replaces_the_placeholder() {
    let world = World::start([Login::Grant("new")]).await;
    let answer = world.refresh().await.unwrap();
    assert!(answer.refreshed);
    let log = world.log();
    let stored = log.writes[0].as_object().unwrap();
    let names: Vec<&String> = stored.keys().collect();
    assert_eq!(
        names,
        ["access_token", "expires_at", "instance_url", "issued_at"]
    );
    assert_eq!(
        (&stored["access_token"], &stored["instance_url"]),
        (&json!("new"), &json!(world.url))
    );
    assert_eq!(answer.expires_at.as_deref(), stored["expires_at"].as_str());
    let expected = json!({ "grant_type": "client_credentials", "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET });
    assert_eq!(json!(log.login_forms), json!([expected]));
}

#[tokio::test]
async fn a_refresh_is_audited_with_its_reason() {
    let world = World::start([Login::Grant("new")]).await;
    world.refresh().await.unwrap();
    let log = world.log();
    let event = &log.audit[0];
    assert_eq!(event["result"], "refreshed");
    assert_eq!(event["due"], "missing");
    assert_eq!(event["request_id"], "request-1");
    assert_eq!(event["fingerprint"], fingerprint("new"));
    assert_eq!(event["expires_at"], log.writes[0]["expires_at"]);
}

#[tokio::test]
async fn a_fresh_token_is_kept_and_not_written_again() {
    let world = World::with_token("old", 799, []).await;
    let answer = world.refresh().await.unwrap();
    assert!(!answer.refreshed);
    assert_eq!(json!(answer.fingerprint), fingerprint("old"));
    assert!(world.log().writes.is_empty());
    assert_eq!(world.log().audit[0]["result"], "kept");
}

#[tokio::test]
async fn an_aged_token_is_replaced() {
    let world = World::with_token("old", 801, [Login::Grant("new")]).await;
    assert!(world.refresh().await.unwrap().refreshed);
    assert_eq!(world.log().audit[0]["due"], "aged");
}

#[tokio::test]
async fn many_rejections_of_one_token_make_one_refresh() {
    let world = World::with_token("old", 1, [Login::Grant("new")]).await;
    assert!(world.refresh_rejected("old").await.unwrap().refreshed);
    for _ in 0..3 {
        let answer = world.refresh_rejected("old").await.unwrap();
        assert!(!answer.refreshed);
        assert_eq!(json!(answer.fingerprint), fingerprint("new"));
    }
    assert_eq!(world.log().login_forms.len(), 1);
}

#[tokio::test]
async fn a_scheduled_event_replaces_a_token_that_expires_before_the_next_one() {
    let event = json!({ "version": "0", "detail-type": "Scheduled Event", "source": "aws.events",
        "time": "2026-01-31T12:00:00Z", "resources": [], "detail": {} });
    let world = World::with_token("old", 500, [Login::Grant("new")]).await;
    assert!(world.invoke(event).await.unwrap().refreshed);
    assert_eq!(world.log().audit[0]["actor"], "schedule");
    assert_eq!(world.log().audit[0]["due"], "ends_soon");
}

#[tokio::test]
async fn a_caller_can_request_a_remaining_lifetime() {
    let event = json!({ "action": "refresh", "ahead_seconds": 600 });
    let world = World::with_token("old", 500, [Login::Grant("new")]).await;
    assert!(world.invoke(event.clone()).await.unwrap().refreshed);
    let world = World::with_token("old", 300, []).await;
    assert!(!world.invoke(event).await.unwrap().refreshed);
}

#[tokio::test]
async fn status_describes_the_stored_token_without_a_login() {
    let status = json!({ "action": "status" });
    let world = World::with_token("old", 5000, []).await;
    let answer = world.invoke(status.clone()).await.unwrap();
    assert_eq!(json!(answer.fingerprint), fingerprint("old"));
    assert_eq!(world.log().audit[0]["action"], "status");
    assert_eq!(world.log().audit[0]["result"], "described");
    assert_eq!(
        answer.instance_url.as_deref(),
        Some("https://acme.my.salesforce.com")
    );
    let world = World::start([]).await;
    let answer = serde_json::to_value(world.invoke(status).await.unwrap()).unwrap();
    let nothing = json!({ "instance_url": null, "issued_at": null, "expires_at": null,
        "refreshed": false, "fingerprint": null });
    assert_eq!(answer, nothing);
}

#[tokio::test]
async fn a_secret_without_a_value_is_a_missing_token() {
    let world = World::start([Login::Grant("new")]).await;
    world.log().token = String::new();
    assert!(world.refresh().await.unwrap().refreshed);
}

#[tokio::test]
async fn an_unreadable_token_is_replaced() {
    let world = World::start([Login::Grant("new")]).await;
    world.log().token = "[1]".to_owned();
    assert!(world.refresh().await.unwrap().refreshed);
}

#[tokio::test]
async fn the_login_url_of_the_credentials_overrides_the_configured_one() {
    let other = World::start([Login::Grant("new")]).await;
    let world = World::start([]).await;
    world.log().credentials =
        json!({ "client_id": "i", "client_secret": "s", "login_url": other.url }).to_string();
    let answer = world.refresh().await.unwrap();
    assert_eq!(answer.instance_url.as_ref(), Some(&other.url));
    assert_eq!(other.log().login_forms.len(), 1);
}

#[tokio::test]
async fn the_lifetime_of_a_grant_is_used() {
    let grant = json!({ "access_token": "new", "instance_url": "https://a.my.salesforce.com", "expires_in": 7230 });
    let world = World::start([Login::Answer(200, grant)]).await;
    let answer = world.refresh().await.unwrap();
    let time = |text: Option<String>| text.unwrap().parse::<jiff::Timestamp>().unwrap();
    let life = time(answer.expires_at).duration_since(time(answer.issued_at));
    assert_eq!(life.as_secs(), 7200);
}

#[tokio::test]
async fn a_failing_audit_does_not_withhold_the_token() {
    for kinesis in [Kinesis::Fails, Kinesis::Hangs] {
        let world = World::start([Login::Grant("new")]).await;
        world.log().kinesis = kinesis;
        assert!(world.refresh().await.unwrap().refreshed, "{kinesis:?}");
        assert_eq!(world.log().writes[0]["access_token"], "new");
    }
}

#[tokio::test]
async fn response_json_is_an_answer() {
    let world = World::start([]).await;
    world.log().token = stored_token("old", 0);
    let answer = world.invoke(json!({ "action": "status" })).await.unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    let sample: serde_json::Value =
        serde_json::from_str(include_str!("../../response.json")).unwrap();
    let names = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names(&sample), names(&answer));
}
