//! Failed requests: the error, the number of attempts and the audit event.

use lambda_runtime::Diagnostic;
use serde_json::json;
use tms_token_manager::error::Error;

use crate::world::{Login, World};

fn oauth_error(status: u16, code: &str) -> Login {
    Login::Answer(
        status,
        json!({ "error": code, "error_description": "canary-description" }),
    )
}

fn diagnostic(error: Error) -> (String, String) {
    let diagnostic = Diagnostic::from(error);
    (diagnostic.error_type, diagnostic.error_message)
}

#[tokio::test]
async fn a_rejected_client_is_not_retried() {
    for (status, code) in [
        (400, "invalid_client"),
        (401, "invalid_client"),
        (400, "invalid_grant"),
    ] {
        let world = World::start([oauth_error(status, code), Login::Grant("new")]).await;
        let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
        assert_eq!(kind, "LoginRefused");
        let expected = format!(
            "failed to get a token: {} refused the login with status {status}, error `{code}`",
            world.url
        );
        assert_eq!(message, expected);
        let log = world.log();
        assert_eq!((log.login_forms.len(), log.writes.len()), (1, 0));
        assert_eq!(log.audit[0]["result"], "failed");
        assert_eq!(log.audit[0]["error"], "LoginRefused");
    }
}

#[tokio::test]
async fn a_rejected_login_is_not_sent_again_soon() {
    let world = World::start([oauth_error(400, "invalid_client")]).await;
    world.refresh().await.unwrap_err();
    for _ in 0..3 {
        let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
        assert_eq!(kind, "LoginRefused");
        let expected = "refused this login less than 60 s ago with status 400, \
            error `invalid_client`; it was not sent again";
        assert!(message.ends_with(expected), "{message}");
    }
    let log = world.log();
    assert_eq!((log.login_forms.len(), log.audit.len()), (1, 4));
    assert_eq!(log.audit[3]["error"], "LoginRefused");
}

#[tokio::test]
async fn other_credentials_are_sent_immediately() {
    let logins = [oauth_error(401, "invalid_client"), Login::Grant("new")];
    let world = World::start(logins).await;
    world.refresh().await.unwrap_err();
    world.log().credentials = json!({ "client_id": "i", "client_secret": "mended" }).to_string();
    assert!(world.refresh().await.unwrap().refreshed);
}

#[tokio::test]
async fn a_rejected_login_is_sent_again_later() {
    let logins = [oauth_error(400, "invalid_grant"), Login::Grant("new")];
    let world = World::forgetful(logins).await;
    world.refresh().await.unwrap_err();
    assert!(world.refresh().await.unwrap().refreshed);
}

#[tokio::test]
async fn the_next_request_to_an_overloaded_endpoint_is_not_delayed() {
    let mut logins = vec![oauth_error(503, "server_error"); 3];
    logins.push(Login::Grant("new"));
    let world = World::start(logins).await;
    world.refresh().await.unwrap_err();
    assert!(world.refresh().await.unwrap().refreshed);
}

#[tokio::test]
async fn an_overloaded_endpoint_is_retried() {
    let busy = [
        oauth_error(500, "server_error"),
        oauth_error(429, "too_many_requests"),
    ];
    let world = World::start(busy.into_iter().chain([Login::Grant("new")])).await;
    assert!(world.refresh().await.unwrap().refreshed);
    assert_eq!(world.log().login_forms.len(), 3);
    assert_eq!(world.log().audit.len(), 1);
}

#[tokio::test]
async fn a_passing_error_or_a_page_that_is_no_answer_is_retried() {
    let page = "<!DOCTYPE html><html>Down for maintenance</html>";
    let cut_off = "{\"access_token\":\"canary";
    for passing in [
        oauth_error(400, "unknown_error"),
        Login::Page(200, page),
        Login::Page(200, cut_off),
        Login::Page(403, page),
    ] {
        let world = World::start([passing, Login::Grant("new")]).await;
        assert!(world.refresh().await.unwrap().refreshed);
        assert_eq!(world.log().login_forms.len(), 2);
    }
    // Three attempts, and none of them is remembered as a refusal.
    let world = World::start(vec![Login::Page(200, page); 6]).await;
    for logins in [3, 6] {
        let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
        assert_eq!(kind, "LoginUnavailable");
        assert!(
            message.ends_with("status 200 and a body that is not JSON"),
            "{message}"
        );
        assert_eq!(world.log().login_forms.len(), logins);
    }
}

#[tokio::test]
async fn a_token_that_could_not_be_written_is_written_later_without_a_login() {
    let world = World::start([Login::Grant("new")]).await;
    world.log().refuses_writes = true;
    for _ in 0..3 {
        let (kind, _) = diagnostic(world.refresh().await.unwrap_err());
        assert_eq!(kind, "SecretUnavailable");
    }
    world.log().refuses_writes = false;
    assert!(world.refresh().await.unwrap().refreshed);
    let log = world.log();
    assert_eq!((log.login_forms.len(), log.writes.len()), (1, 1));
    assert_eq!(log.writes[0]["access_token"], "new");
}

#[tokio::test]
async fn a_token_that_was_rejected_is_not_stored_again() {
    let world = World::with_token("old", 1, [Login::Grant("old")]).await;
    let (kind, message) = diagnostic(world.refresh_rejected("old").await.unwrap_err());
    assert_eq!(kind, "SameToken");
    assert!(
        message.ends_with("granted the token again that was rejected"),
        "{message}"
    );
    let log = world.log();
    assert_eq!((log.login_forms.len(), log.writes.len()), (1, 0));
    assert_eq!(log.audit[0]["error"], "SameToken");
}

#[tokio::test]
async fn attempts_are_limited() {
    let world = World::start(vec![oauth_error(503, "temporarily_unavailable"); 3]).await;
    let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
    assert_eq!(kind, "LoginUnavailable");
    assert!(
        message.ends_with("status 503, error `temporarily_unavailable`"),
        "{message}"
    );
}

#[tokio::test]
async fn a_login_without_response_times_out() {
    let world = World::start([Login::Hang, Login::Grant("new")]).await;
    assert!(world.refresh().await.unwrap().refreshed);
    let world = World::start(vec![Login::Hang; 3]).await;
    let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
    assert_eq!(kind, "LoginUnavailable");
    assert!(
        message.ends_with("did not answer the login in time"),
        "{message}"
    );
}

#[tokio::test]
async fn an_unreachable_endpoint_is_named() {
    let world = World::start([]).await;
    // The listener is dropped, so connections to its port are refused.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let login_url = format!("http://{closed}");
    world.log().credentials =
        json!({ "client_id": "i", "client_secret": "s", "login_url": login_url }).to_string();
    let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
    assert_eq!(kind, "LoginUnavailable");
    assert!(message.starts_with(&format!(
        "failed to get a token: failed to reach {login_url}"
    )));
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect() {
    let thief = World::start([Login::Grant("stolen")]).await;
    let elsewhere = format!("{}/services/oauth2/token", thief.url);
    let world = World::start([Login::Redirect(elsewhere)]).await;
    let (kind, _) = diagnostic(world.refresh().await.unwrap_err());
    assert_eq!(kind, "LoginRefused");
    assert!(thief.log().login_forms.is_empty());
}

#[tokio::test]
async fn a_success_without_a_grant_is_an_error() {
    for body in [
        json!({}),
        json!([]),
        json!({ "access_token": "", "instance_url": "https://a.org" }),
    ] {
        let world = World::start([Login::Answer(200, body)]).await;
        let (kind, _) = diagnostic(world.refresh().await.unwrap_err());
        assert_eq!(kind, "LoginAnswerUnusable");
        assert!(world.log().writes.is_empty());
    }
}

#[tokio::test]
async fn malformed_credentials_are_named_and_not_sent() {
    let world = World::start([]).await;
    world.log().credentials = "{\"client_id\": \"canary".to_owned();
    let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
    assert_eq!(kind, "SecretMalformed");
    assert!(
        message.contains("secret `credentials` is malformed at line 1, column 21"),
        "{message}"
    );
    assert_eq!(world.log().audit[0]["error"], "SecretMalformed");
}

#[tokio::test]
async fn a_secret_that_is_missing_is_named_with_the_code() {
    let world = World::start([]).await;
    world.log().credentials = String::new();
    let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
    assert_eq!(kind, "SecretUnavailable");
    let expected = "failed to use a secret: failed to read secret `credentials`: \
        secrets manager: request rejected, code ResourceNotFoundException";
    assert_eq!(message, expected);
}

#[tokio::test]
async fn a_token_that_cannot_be_stored_is_a_failure() {
    let world = World::start([Login::Grant("new")]).await;
    world.log().refuses_writes = true;
    let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
    assert_eq!(kind, "SecretUnavailable");
    assert!(
        message.contains("failed to write secret `token`"),
        "{message}"
    );
    assert_eq!(world.log().audit[0]["result"], "failed");
}

#[tokio::test]
async fn a_token_secret_that_cannot_be_read_is_audited() {
    let world = World::start([]).await;
    world.log().hides_the_token = true;
    let (kind, _) = diagnostic(world.refresh().await.unwrap_err());
    assert_eq!(kind, "SecretUnavailable");
    let log = world.log();
    let event = &log.audit[0];
    assert_eq!(event["result"], "failed");
    assert_eq!(event["error"], "SecretUnavailable");
    assert!(event.get("due").is_none());
}

#[tokio::test]
async fn the_error_of_an_unknown_action_names_the_known_ones() {
    let world = World::start([]).await;
    let error = world.invoke(json!({ "action": "get" })).await.unwrap_err();
    let (kind, message) = diagnostic(error);
    assert_eq!(kind, "BadRequest");
    assert_eq!(
        message,
        "failed to understand the event: unknown action `get`, expected `refresh` or `status`"
    );
    let log = world.log();
    let event = &log.audit[0];
    assert_eq!(
        (&event["action"], &event["error"]),
        (&json!("unknown"), &json!("BadRequest"))
    );
}

#[tokio::test]
async fn a_token_for_a_host_that_is_not_allowed_is_not_stored() {
    for instance_url in [
        "https://evil.example",
        "https://evilsalesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://10.0.0.1",
    ] {
        let grant = json!({ "access_token": "canary-token", "instance_url": instance_url });
        let world = World::start([Login::Answer(200, grant)]).await;
        let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
        assert_eq!(kind, "LoginAnswerUnusable");
        let expected = format!(
            "granted a token for {instance_url}, which is not one of SALESFORCE_ALLOWED_HOSTS"
        );
        assert!(message.ends_with(&expected), "{message}");
        let log = world.log();
        assert_eq!((log.login_forms.len(), log.writes.len()), (1, 0));
        assert_eq!(log.audit[0]["error"], "LoginAnswerUnusable");
    }
}

#[tokio::test]
async fn a_large_response_of_the_token_endpoint_is_not_read() {
    let padding = " ".repeat(1 << 20);
    let grant = json!({ "access_token": "new", "padding": padding });
    let world = World::start([Login::Answer(200, grant)]).await;
    let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
    assert_eq!(kind, "LoginAnswerUnusable");
    assert!(message.ends_with("with more than 65536 bytes"), "{message}");
}

#[tokio::test]
async fn a_large_response_of_secrets_manager_is_not_read() {
    let world = World::start([]).await;
    world.log().credentials = " ".repeat(1 << 20);
    let (kind, message) = diagnostic(world.refresh().await.unwrap_err());
    assert_eq!(kind, "SecretUnavailable");
    assert!(message.contains("unreadable response"), "{message}");
}
