//! Up to 200 Cases a call: create, and upsert by external id, with a result for each record in order.

use std::collections::HashMap;

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use serde_json::{Map, Value, json};

use super::{
    EXTERNAL_ID,
    answer::{ApiError, RecordError},
    fault::RecordFault,
    schema, sobjects, store,
    world::{Shared, World},
};

/// The most records one call takes (REST API Developer Guide, sObject Collections).
const MAX_RECORDS: usize = 200;

pub(super) type Record = Map<String, Value>;
pub(super) type RecordResult = Result<Value, RecordError>;

/// The body of a collections call.
pub(super) struct Call {
    pub(super) all_or_none: bool,
    pub(super) records: Vec<Record>,
}

/// `POST composite/sobjects`.
pub(crate) async fn create(
    State(shared): State<Shared>,
    Extension(fault): Extension<RecordFault>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let call = parse(&headers, &body)?;
    let mut world = shared.world();
    let results = apply(
        &mut world,
        call.all_or_none,
        &call.records,
        |world, index, record| {
            world.note_attempt(store::event_id_of(record).as_deref());
            check_scripted_and_type(&fault, index, record)?;
            if record.keys().any(|name| name.eq_ignore_ascii_case("id")) {
                let message = "cannot specify Id in an insert call";
                return Err(RecordError::new(
                    "INVALID_FIELD_FOR_INSERT_UPDATE",
                    message,
                    &["Id"],
                ));
            }
            let id = world.cases.create(record, &world.rules)?;
            Ok(json!({ "id": id, "success": true, "errors": [] }))
        },
    );
    Ok(Json(results))
}

/// `PATCH composite/sobjects/{object}/{field}`.
pub(crate) async fn upsert(
    State(shared): State<Shared>,
    Path((_, object, field)): Path<(String, String, String)>,
    Extension(fault): Extension<RecordFault>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    if !object.eq_ignore_ascii_case("Case") {
        return Err(ApiError::no_resource());
    }
    sobjects::check_external_id(&field)?;
    let call = parse(&headers, &body)?;
    let sent = times_sent(&call.records);
    let mut world = shared.world();
    let results = apply(
        &mut world,
        call.all_or_none,
        &call.records,
        |world, index, record| {
            let event_id = store::event_id_of(record);
            world.note_attempt(event_id.as_deref());
            check_scripted_and_type(&fault, index, record)?;
            let Some(event_id) = event_id else {
                let message = format!("{EXTERNAL_ID} not specified");
                return Err(RecordError::new(
                    "MISSING_ARGUMENT",
                    message,
                    &[EXTERNAL_ID],
                ));
            };
            if sent
                .get(&event_id.to_lowercase())
                .is_some_and(|&times| times > 1)
            {
                let message = format!("Duplicate external id specified: {event_id}");
                return Err(RecordError::new("DUPLICATE_VALUE", message, &[EXTERNAL_ID]));
            }
            schema::check(record)?;
            let mut fields = record.clone();
            fields.remove(EXTERNAL_ID);
            let done = world.cases.upsert(&event_id, &fields, &world.rules)?;
            Ok(json!({ "id": done.id, "success": true, "errors": [], "created": done.created }))
        },
    );
    Ok(Json(results))
}

/// Handles each record in order; with `allOrNone` one failure takes all of them back.
pub(super) fn apply<R>(
    world: &mut World,
    all_or_none: bool,
    records: &[R],
    mut handle: impl FnMut(&mut World, usize, &R) -> RecordResult,
) -> Value {
    let before = all_or_none.then(|| world.cases.clone());
    let handled = records.iter().enumerate();
    let mut results: Vec<RecordResult> = handled
        .map(|(index, record)| handle(world, index, record))
        .collect();
    if let Some(before) = before
        && results.iter().any(Result::is_err)
    {
        world.cases = before;
        for result in results.iter_mut().filter(|result| result.is_ok()) {
            *result = Err(rolled_back());
        }
    }
    results
        .into_iter()
        .map(|result| result.unwrap_or_else(|error| error.to_item()))
        .collect()
}

pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Call, ApiError> {
    let mut body = sobjects::parse_object(headers, body)?;
    let all_or_none = match body.remove("allOrNone") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(all_or_none)) => all_or_none,
        Some(_) => return Err(ApiError::malformed("allOrNone: value not of required type")),
    };
    let Some(Value::Array(records)) = body.remove("records") else {
        return Err(ApiError::malformed(
            "records: the request is missing this list",
        ));
    };
    if let Some(unknown) = body.keys().next() {
        return Err(ApiError::malformed(format!(
            "Unrecognized field \"{unknown}\""
        )));
    }
    check_number(records.len())?;
    let records = records.into_iter().map(|record| match record {
        Value::Object(record) => Ok(record),
        _ => Err(ApiError::malformed("records: each item must be an object")),
    });
    Ok(Call {
        all_or_none,
        records: records.collect::<Result<_, _>>()?,
    })
}

/// Refuses a call that carries too much.
pub(super) fn check_number(records: usize) -> Result<(), ApiError> {
    if records <= MAX_RECORDS {
        return Ok(());
    }
    let message = format!(
        "record limit reached. cannot submit more than {MAX_RECORDS} records into this call"
    );
    Err(ApiError::new(
        StatusCode::BAD_REQUEST,
        "EXCEEDED_ID_LIMIT",
        message,
    ))
}

pub(super) fn check_scripted_and_type(
    fault: &RecordFault,
    index: usize,
    record: &Record,
) -> Result<(), RecordError> {
    if let Some(error) = fault.of(index) {
        return Err(error.clone());
    }
    let object = record
        .get("attributes")
        .and_then(|attributes| attributes.get("type"));
    match object.and_then(Value::as_str) {
        Some(object) if object.eq_ignore_ascii_case("Case") => Ok(()),
        Some(object) => {
            let message = format!("sObject type '{object}' is not supported.");
            Err(RecordError::new("INVALID_TYPE", message, &[]))
        }
        None => Err(RecordError::new(
            "INVALID_TYPE",
            "Must send a concrete entity type.",
            &[],
        )),
    }
}

fn times_sent(records: &[Record]) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    for event_id in records.iter().filter_map(store::event_id_of) {
        *times.entry(event_id.to_lowercase()).or_default() += 1;
    }
    times
}

fn rolled_back() -> RecordError {
    let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
    RecordError::new("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, &[])
}
