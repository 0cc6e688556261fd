//! Searches every log line, error, answer and audit event for secrets.

use lambda_runtime::Diagnostic;
use serde_json::{Value, json};

use crate::{
    log,
    world::{Kinesis, Login, World, stored_token},
};

const TOKEN: &str = "canary-access-token";
const OLD_TOKEN: &str = "canary-old-token";

/// Runs one invocation and returns its outputs, except the secret store.
async fn output_of(world: World, event: Value) -> String {
    let mut seen = match world.invoke(event).await {
        Ok(answer) => format!("{answer:?} {}\n", json!(answer)),
        Err(error) => {
            let shown = format!("{error} {error:?} {error:#?}\n");
            format!("{shown} {:?}\n", Diagnostic::from(error))
        }
    };
    seen.push_str(&json!(world.log().audit).to_string());
    seen
}

async fn world(change: impl FnOnce(&World), logins: impl IntoIterator<Item = Login>) -> World {
    let world = World::start(logins).await;
    world.log().token = stored_token(OLD_TOKEN, 900);
    change(&world);
    world
}

#[tokio::test]
async fn no_output_contains_a_secret() {
    let refresh = json!({ "action": "refresh" });
    let refused = json!({ "error": "canary-error", "error_description": TOKEN });
    let no_instance = json!({ "access_token": TOKEN, "instance_url": "http://evil.org" });
    let no_grant = json!({ "access_token": [TOKEN], "instance_url": 1 });
    let mut seen = String::new();
    for (world, event) in [
        (world(|_| {}, [Login::Grant(TOKEN)]).await, refresh.clone()),
        (world(|_| {}, []).await, json!({ "action": "status" })),
        (
            world(|_| {}, [Login::Answer(400, refused.clone())]).await,
            refresh.clone(),
        ),
        (
            world(|_| {}, vec![Login::Answer(500, refused); 3]).await,
            refresh.clone(),
        ),
        (world(|_| {}, vec![Login::Hang; 3]).await, refresh.clone()),
        (
            world(|_| {}, [Login::Answer(200, no_instance)]).await,
            refresh.clone(),
        ),
        (
            world(|_| {}, [Login::Answer(200, no_grant)]).await,
            refresh.clone(),
        ),
        (
            world(
                |world| world.log().kinesis = Kinesis::Fails,
                [Login::Grant(TOKEN)],
            )
            .await,
            refresh.clone(),
        ),
        (
            world(
                |world| world.log().refuses_writes = true,
                [Login::Grant(TOKEN)],
            )
            .await,
            refresh.clone(),
        ),
        (
            world(|world| world.log().credentials = format!("\"{TOKEN}\""), []).await,
            refresh.clone(),
        ),
        (
            world(
                |world| world.log().token = format!("[\"{TOKEN}\"]"),
                [Login::Grant(TOKEN)],
            )
            .await,
            refresh,
        ),
        (world(|_| {}, []).await, json!({ "action": TOKEN })),
        (
            world(|_| {}, []).await,
            json!({ "action": "refresh", "rejected": TOKEN }),
        ),
    ] {
        seen.push_str(&output_of(world, event).await);
    }
    seen.push_str(&log::lines());

    assert!(
        seen.contains("audit event did not reach its stream"),
        "the log was not captured"
    );
    let leaks: Vec<&str> = seen
        .lines()
        .filter(|line| line.contains("canary-"))
        .collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}
