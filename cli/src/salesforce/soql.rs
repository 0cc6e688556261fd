//! The part of SOQL that asks for Cases: fields, counts and groups, conditions, order, limit, and answers in pages.

mod condition;
mod parse;
mod select;
mod term;
mod token;

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::HeaderMap,
};
use serde_json::{Value, json};

use super::{
    answer::ApiError,
    world::{Shared, World},
};

/// The most rows of one answer, unless the client asks for fewer (SOQL and SOSL Reference, query results).
const ROWS_A_PAGE: usize = 2000;
/// The fewest rows a client can ask for.
const FEWEST_ROWS_A_PAGE: usize = 200;
const OPTIONS_HEADER: &str = "sforce-query-options";

/// The rows of a query that have not been fetched yet.
#[derive(Debug)]
pub(crate) struct Cursor {
    total: usize,
    rows_a_page: usize,
    rows: Vec<Value>,
}

/// `GET query?q=..`.
pub(crate) async fn query(
    State(shared): State<Shared>,
    Path(version): Path<String>,
    Query(parameters): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let select = parse::parse(parameters.get("q").map(String::as_str).unwrap_or_default())?;
    let mut world = shared.world();
    let (total, rows) = select.run(world.cases.all(), &version);
    let cursor = Cursor {
        total,
        rows_a_page: rows_a_page(&headers),
        rows,
    };
    Ok(Json(page(&mut world, cursor, &version)))
}

/// `GET query/{locator}`, the `nextRecordsUrl` of a page: each locator works once.
pub(crate) async fn more(
    State(shared): State<Shared>,
    Path((version, locator)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let mut world = shared.world();
    let cursor = world.cursors.remove(&locator).ok_or_else(|| {
        let status = axum::http::StatusCode::BAD_REQUEST;
        ApiError::new(status, "INVALID_QUERY_LOCATOR", "invalid query locator")
    })?;
    Ok(Json(page(&mut world, cursor, &version)))
}

fn page(world: &mut World, mut cursor: Cursor, version: &str) -> Value {
    let rest = cursor
        .rows
        .split_off(cursor.rows_a_page.min(cursor.rows.len()));
    let records = std::mem::replace(&mut cursor.rows, rest);
    let mut page =
        json!({ "totalSize": cursor.total, "done": cursor.rows.is_empty(), "records": records });
    if !cursor.rows.is_empty() {
        world.locators += 1;
        let first = cursor.total - cursor.rows.len();
        let locator = format!("01gTt0000000{:06}-{first}", world.locators);
        let next = format!("/services/data/{version}/query/{locator}");
        if let Some(page) = page.as_object_mut() {
            page.insert("nextRecordsUrl".to_owned(), json!(next));
        }
        world.cursors.insert(locator, cursor);
    }
    page
}

/// `Sforce-Query-Options: batchSize=200`.
fn rows_a_page(headers: &HeaderMap) -> usize {
    let options = headers
        .get(OPTIONS_HEADER)
        .and_then(|value| value.to_str().ok());
    let wanted = options
        .and_then(|options| options.trim().strip_prefix("batchSize="))
        .and_then(|rows| rows.trim().parse().ok());
    wanted
        .unwrap_or(ROWS_A_PAGE)
        .clamp(FEWEST_ROWS_A_PAGE, ROWS_A_PAGE)
}
