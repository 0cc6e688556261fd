//! `/_standin`: what a test or a person asks the stand-in itself.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing,
};
use serde::Deserialize;

use super::{
    fault::{Api, Fault},
    world::{Rules, Shared},
};

/// One entry of a script: `{"on": "data", "fault": "answer", "status": 503, "code": "SERVER_UNAVAILABLE"}`.
#[derive(Debug, Deserialize)]
struct Scripted {
    /// Which API; the data API when left out.
    #[serde(default = "data")]
    on: Api,
    #[serde(flatten)]
    fault: Fault,
}

/// One fault or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Script {
    One(Scripted),
    Many(Vec<Scripted>),
}

pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/cases", routing::get(cases))
        .route("/counts", routing::get(counts))
        .route("/faults", routing::post(faults))
        .route("/rules", routing::post(rules))
        .route("/tokens/expire", routing::post(expire_tokens))
        .route("/reset", routing::post(reset))
}

async fn cases(State(shared): State<Shared>) -> Response {
    Json(shared.world().cases.all()).into_response()
}

async fn counts(State(shared): State<Shared>) -> Response {
    Json(shared.world().counts()).into_response()
}

async fn faults(State(shared): State<Shared>, Json(script): Json<Script>) -> StatusCode {
    let entries = match script {
        Script::One(entry) => vec![entry],
        Script::Many(entries) => entries,
    };
    let mut world = shared.world();
    for entry in entries {
        world.faults.extend(entry.on, [entry.fault]);
    }
    StatusCode::NO_CONTENT
}

async fn rules(State(shared): State<Shared>, Json(rules): Json<Rules>) -> StatusCode {
    shared.world().rules = rules;
    StatusCode::NO_CONTENT
}

async fn expire_tokens(State(shared): State<Shared>) -> StatusCode {
    shared.world().sessions.clear();
    StatusCode::NO_CONTENT
}

async fn reset(State(shared): State<Shared>) -> StatusCode {
    shared.world().reset();
    StatusCode::NO_CONTENT
}

fn data() -> Api {
    Api::Data
}
