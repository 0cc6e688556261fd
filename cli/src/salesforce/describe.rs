//! What clients ask an org about itself before they work: versions, resources, limits, fields.

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{
    EXTERNAL_ID,
    schema::{FIELDS, Kind},
    world::Shared,
};

/// `GET /services/data`, the one call that needs no token.
pub(crate) async fn versions() -> Json<Value> {
    let versions = [
        ("Summer '24", 61),
        ("Winter '25", 62),
        ("Spring '25", 63),
        ("Summer '25", 64),
    ];
    let versions = versions.map(|(label, number)| {
        let version = format!("{number}.0");
        json!({ "label": label, "url": format!("/services/data/v{version}"), "version": version })
    });
    Json(json!(versions))
}

/// `GET /services/data/vNN.0/`.
pub(crate) async fn resources(Path(version): Path<String>) -> Json<Value> {
    let root = format!("/services/data/{version}");
    Json(json!({
        "sobjects": format!("{root}/sobjects"),
        "query": format!("{root}/query"),
        "composite": format!("{root}/composite"),
        "limits": format!("{root}/limits"),
    }))
}

/// `GET limits`.
pub(crate) async fn limits(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let max = world.rules.daily_limit;
    let remaining = max.saturating_sub(world.requests);
    Json(json!({ "DailyApiRequests": { "Max": max, "Remaining": remaining } }))
}

/// `GET sobjects`.
pub(crate) async fn objects(Path(version): Path<String>) -> Json<Value> {
    let root = format!("/services/data/{version}/sobjects/Case");
    let urls = json!({ "sobject": root, "describe": format!("{root}/describe") });
    let case = json!({
        "name": "Case", "label": "Case", "keyPrefix": "500", "createable": true, "queryable": true,
        "updateable": true, "urls": urls,
    });
    Json(json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [case] }))
}

/// `GET sobjects/Case/describe`.
pub(crate) async fn case() -> Json<Value> {
    let fields: Vec<Value> = FIELDS
        .iter()
        .map(|&(name, kind)| field(name, kind))
        .collect();
    Json(json!({ "name": "Case", "label": "Case", "keyPrefix": "500", "fields": fields }))
}

fn field(name: &str, kind: Kind) -> Value {
    let (soap_type, length) = match kind {
        Kind::Text(length) => ("string", length),
        Kind::Email(length) => ("email", length),
        Kind::Boolean => ("boolean", 0),
        Kind::Reference => ("reference", 18),
        Kind::DateTime => ("datetime", 0),
        Kind::ReadOnly | Kind::Custom => ("string", 255),
    };
    let is_key = name == EXTERNAL_ID;
    json!({
        "name": name, "type": soap_type, "length": length, "createable": kind != Kind::ReadOnly,
        "updateable": kind != Kind::ReadOnly, "externalId": is_key, "unique": is_key, "custom": is_key,
        "nillable": true,
    })
}
