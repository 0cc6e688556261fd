//! Up to 200 Cases a call by their ids: read, change, delete, with a result for each id in order.

use std::collections::HashMap;

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::HeaderMap,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{ApiError, RecordError},
    collections,
    fault::RecordFault,
    schema, sobjects,
    world::Shared,
};

/// `PATCH composite/sobjects`.
pub(super) async fn update(
    State(shared): State<Shared>,
    Extension(fault): Extension<RecordFault>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let call = collections::parse(&headers, &body)?;
    let (all_or_none, records) = (call.all_or_none, &call.records);
    let mut world = shared.world();
    let results = collections::apply(&mut world, all_or_none, records, |world, index, record| {
        collections::check_scripted_and_type(&fault, index, record)?;
        let mut fields = record.clone();
        let key = fields.keys().find(|name| name.eq_ignore_ascii_case("id"));
        let id = key.cloned().and_then(|key| fields.remove(&key));
        let Some(id) = id.as_ref().and_then(Value::as_str) else {
            let message = "Id not specified in an update call";
            return Err(RecordError::new("MISSING_ARGUMENT", message, &["Id"]));
        };
        if world.cases.update(id, &fields)? {
            Ok(json!({ "id": id, "success": true, "errors": [] }))
        } else {
            Err(gone())
        }
    });
    Ok(Json(results))
}

/// `DELETE composite/sobjects?ids=..,..&allOrNone=..`.
pub(super) async fn delete(
    State(shared): State<Shared>,
    Query(parameters): Query<HashMap<String, String>>,
    Extension(fault): Extension<RecordFault>,
) -> Result<Json<Value>, ApiError> {
    let ids = ids(&parameters)?;
    let all_or_none = parameters.get("allOrNone").is_some_and(|all| all == "true");
    let mut world = shared.world();
    let results = collections::apply(&mut world, all_or_none, &ids, |world, index, id| {
        if let Some(error) = fault.of(index) {
            return Err(error.clone());
        }
        if world.cases.delete(id) {
            Ok(json!({ "id": id, "success": true, "errors": [] }))
        } else {
            Err(gone())
        }
    });
    Ok(Json(results))
}

/// `GET composite/sobjects/Case?ids=..,..&fields=..,..`: a Case, or null where there is none.
pub(super) async fn read(
    State(shared): State<Shared>,
    Path((version, object)): Path<(String, String)>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Result<Json<Value>, ApiError> {
    let fields: Vec<_> = listed(&parameters, "fields").collect();
    rows(&shared, &version, &object, &ids(&parameters)?, &fields)
}

/// The lists of a call that reads more ids than fit into a URL.
#[derive(Deserialize)]
pub(super) struct Wanted {
    ids: Vec<String>,
    fields: Vec<String>,
}

/// `POST composite/sobjects/Case`: the same with the lists in the body.
pub(super) async fn read_many(
    State(shared): State<Shared>,
    Path((version, object)): Path<(String, String)>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let ids: Vec<_> = wanted.ids.iter().map(String::as_str).collect();
    let fields: Vec<_> = wanted.fields.iter().map(String::as_str).collect();
    rows(&shared, &version, &object, &ids, &fields)
}

fn rows(
    shared: &Shared,
    version: &str,
    object: &str,
    ids: &[&str],
    fields: &[&str],
) -> Result<Json<Value>, ApiError> {
    if !object.eq_ignore_ascii_case("Case") {
        return Err(ApiError::no_resource());
    }
    let fields = fields.iter().map(|name| schema::known(name));
    let fields: Vec<String> = fields.collect::<Result<_, _>>()?;
    let world = shared.world();
    let cases = ids.iter().map(|id| world.cases.by_id(id));
    let rows = cases.map(|case| case.map(|case| sobjects::row(case, &fields, version)));
    Ok(Json(rows.map(Option::unwrap_or_default).collect()))
}

fn ids(parameters: &HashMap<String, String>) -> Result<Vec<&str>, ApiError> {
    let ids: Vec<_> = listed(parameters, "ids").collect();
    collections::check_number(ids.len())?;
    Ok(ids)
}

fn listed<'p>(
    parameters: &'p HashMap<String, String>,
    name: &str,
) -> impl Iterator<Item = &'p str> {
    let list = parameters.get(name).map(String::as_str).unwrap_or_default();
    list.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn gone() -> RecordError {
    RecordError::new("ENTITY_IS_DELETED", "entity is deleted", &[])
}
