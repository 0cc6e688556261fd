//! One Case a call: create, read, change, upsert by external id.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    EXTERNAL_ID,
    answer::{ApiError, RecordError},
    fault::RecordFault,
    schema,
    store::{self, Case},
    world::Shared,
};

/// `POST sobjects/Case`.
pub(crate) async fn create(
    State(shared): State<Shared>,
    Extension(fault): Extension<RecordFault>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let fields = parse_object(&headers, &body)?;
    let mut guard = shared.world();
    let world = &mut *guard;
    world.note_attempt(store::event_id_of(&fields).as_deref());
    scripted(&fault)?;
    let id = world.cases.create(&fields, &world.rules)?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "id": id, "success": true, "errors": [] })),
    )
        .into_response())
}

/// `GET sobjects/Case/{id}`.
pub(crate) async fn read(
    State(shared): State<Shared>,
    Path((version, id)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let world = shared.world();
    let case = world.cases.by_id(&id).ok_or_else(ApiError::no_resource)?;
    Ok(Json(whole(case, &version)))
}

/// `PATCH sobjects/Case/{id}`: 204 without a body.
pub(crate) async fn update(
    State(shared): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Extension(fault): Extension<RecordFault>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let fields = parse_object(&headers, &body)?;
    scripted(&fault)?;
    if shared.world().cases.update(&id, &fields)? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::no_resource())
    }
}

/// `DELETE sobjects/Case/{id}`: 204 without a body.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Extension(fault): Extension<RecordFault>,
) -> Result<StatusCode, ApiError> {
    scripted(&fault)?;
    if shared.world().cases.delete(&id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        let (status, message) = (StatusCode::NOT_FOUND, "entity is deleted");
        Err(ApiError::new(status, "ENTITY_IS_DELETED", message))
    }
}

/// `GET sobjects/Case/{field}/{value}`.
pub(crate) async fn read_by_external_id(
    State(shared): State<Shared>,
    Path((version, field, value)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    check_external_id(&field)?;
    let world = shared.world();
    let found = world.cases.by_event_id(&value);
    let case = found.first().ok_or_else(ApiError::no_resource)?;
    Ok(Json(whole(case, &version)))
}

/// `PATCH sobjects/Case/{field}/{value}`: 201 for a new Case, 200 for an old one (204 before v46).
pub(crate) async fn upsert(
    State(shared): State<Shared>,
    Path((version, field, value)): Path<(String, String, String)>,
    Extension(fault): Extension<RecordFault>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    check_external_id(&field)?;
    let fields = parse_object(&headers, &body)?;
    if fields
        .keys()
        .any(|name| name.eq_ignore_ascii_case(EXTERNAL_ID))
    {
        let message =
            format!("The {EXTERNAL_ID} field should not be specified in the sobject data.");
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "INVALID_FIELD",
            message,
        ));
    }
    let mut guard = shared.world();
    let world = &mut *guard;
    world.note_attempt(Some(&value));
    scripted(&fault)?;
    let done = world.cases.upsert(&value, &fields, &world.rules)?;
    let status = if done.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    if !done.created && answers_without_body(&version) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let body = json!({ "id": done.id, "success": true, "errors": [], "created": done.created });
    Ok((status, Json(body)).into_response())
}

/// Refuses any field but the external id of Case.
pub(crate) fn check_external_id(field: &str) -> Result<(), ApiError> {
    if field.eq_ignore_ascii_case(EXTERNAL_ID) {
        return Ok(());
    }
    let message =
        format!("Provided external ID field does not exist or is not accessible: {field}");
    Err(ApiError::new(StatusCode::NOT_FOUND, "NOT_FOUND", message))
}

/// The JSON object of a request body.
pub(crate) fn parse_object(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Map<String, Value>, ApiError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json"))
    {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let message = "Content-Type header specified in HTTP request is not supported: expected application/json";
        return Err(ApiError::new(status, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    serde_json::from_slice(body).map_err(|error| ApiError::malformed(error.to_string()))
}

/// `attributes` of a record in an answer.
fn attributes(case: &Case, version: &str) -> Value {
    json!({ "type": "Case", "url": format!("/services/data/{version}/sobjects/Case/{}", case.id) })
}

/// A Case with some of its fields, as a query and a collection answer it.
pub(crate) fn row(case: &Case, fields: &[String], version: &str) -> Value {
    let mut row = Map::new();
    row.insert("attributes".to_owned(), attributes(case, version));
    let fields = fields.iter();
    row.extend(fields.map(|field| (field.clone(), case.value(field))));
    Value::Object(row)
}

fn whole(case: &Case, version: &str) -> Value {
    let mut record = Map::new();
    record.insert("attributes".to_owned(), attributes(case, version));
    let standard = schema::FIELDS.iter().map(|(name, _)| *name);
    for name in standard.chain(case.fields.keys().map(String::as_str)) {
        record.insert(name.to_owned(), case.value(name));
    }
    Value::Object(record)
}

fn scripted(fault: &RecordFault) -> Result<(), RecordError> {
    fault.of(0).cloned().map_or(Ok(()), Err)
}

fn answers_without_body(version: &str) -> bool {
    let major = version.trim_start_matches('v').split('.').next();
    major
        .and_then(|major| major.parse::<u32>().ok())
        .is_some_and(|major| major < 46)
}
