//! `POST composite/sobjects`: creates up to 200 Cases, with one result for each record in order.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    fault::RefusedRecords,
    reply::{RecordError, Reply, RequestError},
    rules::Rules,
    store::{self, Store},
};

/// The most records in one call (REST API Developer Guide, sObject Collections).
const MAX_RECORDS: usize = 200;

/// A create call as it arrived.
#[derive(Debug, Clone)]
pub struct CreateCall {
    /// When it arrived.
    pub at: Timestamp,
    /// Its records.
    pub records: Vec<Map<String, Value>>,
}

/// Reads the body of a create call.
pub(crate) fn parse(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<Map<String, Value>>, RequestError> {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !content_type.is_some_and(|value| value.starts_with(b"application/json")) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let message = "Content-Type header specified in HTTP request is not supported: expected application/json";
        return Err(RequestError::new(status, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let body: Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| RequestError::malformed(error.to_string()))?;
    let mut records = None;
    for (name, value) in body {
        match (name.as_str(), value) {
            ("records", Value::Array(found)) => records = Some(found),
            ("allOrNone", Value::Bool(false) | Value::Null) => {}
            ("allOrNone" | "records", _) => {
                return Err(RequestError::malformed(format!(
                    "{name}: value not supported"
                )));
            }
            _ => {
                return Err(RequestError::malformed(format!(
                    "Unrecognized field \"{name}\""
                )));
            }
        }
    }
    let records = records.ok_or_else(|| RequestError::malformed("records: missing"))?;
    if records.len() > MAX_RECORDS {
        let message = format!(
            "record limit reached. cannot submit more than {MAX_RECORDS} records into this call"
        );
        let status = StatusCode::BAD_REQUEST;
        return Err(RequestError::new(status, "EXCEEDED_ID_LIMIT", message));
    }
    let records = records.into_iter().map(|record| match record {
        Value::Object(record) => Ok(record),
        _ => Err(RequestError::malformed(
            "records: each item must be an object",
        )),
    });
    records.collect()
}

/// Creates the records, each on its own.
pub(crate) fn create(
    store: &mut Store,
    rules: &Rules,
    records: &[Map<String, Value>],
    refused: Option<&RefusedRecords>,
    now: Timestamp,
) -> Result<Reply, RequestError> {
    let is_unparsable = |id: &str| rules.unparsable.contains(id);
    if records
        .iter()
        .filter_map(store::event_id_of)
        .any(is_unparsable)
    {
        return Err(RequestError::malformed("Unexpected character"));
    }
    let mut create = |position, record: &Map<String, Value>| {
        if let Some(refused) = refused.filter(|refused| refused.contains(position, records.len())) {
            return Err(RecordError::new(&*refused.code, &*refused.message, &[]));
        }
        check_type(record)?;
        let code = store::event_id_of(record).and_then(|id| rules.refused.get(id));
        if let Some(code) = code {
            return Err(RecordError::new(code, "refused by the rules", &[]));
        }
        store.create(record, rules, now)
    };
    let results =
        records
            .iter()
            .enumerate()
            .map(|(position, record)| match create(position, record) {
                Ok(id) => json!({ "id": id, "success": true, "errors": [] }),
                Err(error) => error.to_result(),
            });
    Ok(Reply::new(StatusCode::OK, results.collect()))
}

fn check_type(record: &Map<String, Value>) -> Result<(), RecordError> {
    let message = match record
        .get("attributes")
        .and_then(|attributes| attributes["type"].as_str())
    {
        Some("Case") => return Ok(()),
        Some(object) => format!("sObject type '{object}' is not supported."),
        None => "Must send a concrete entity type.".to_owned(),
    };
    Err(RecordError::new("INVALID_TYPE", message, &[]))
}
