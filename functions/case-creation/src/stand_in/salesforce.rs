//! The Salesforce of the stand-in.

use std::future::pending;

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::{Value, json};

use super::*;

pub(super) async fn answer(
    stand_in: &StandIn,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let now = stand_in.1.now();
    let outage = stand_in.world().outage;
    let is_on = |outage: &Outage| (outage.from..outage.to).contains(&now);
    match outage.filter(is_on).map(|outage| outage.fault) {
        None => {}
        Some(Fault::Refuse(status, code)) => return error(status, code),
        Some(_) => return pending().await,
    }
    let expected = format!("Bearer {}", stand_in.world().accepted);
    if header(headers, "authorization") != expected {
        return error(401, "INVALID_SESSION_ID");
    }
    if path == "/services/data/v62.0/composite/sobjects" {
        return create(stand_in, body).await;
    }
    match path.strip_prefix("/services/data/v62.0/sobjects/Case/TT_Event_Id__c/") {
        Some(event_id) => find(&mut stand_in.world(), event_id),
        None => error(404, "NOT_FOUND"),
    }
}

async fn create(stand_in: &StandIn, body: &[u8]) -> Response {
    let request: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(request["allOrNone"], false);
    let records = request["records"].as_array().unwrap();
    let fault = {
        let mut world = stand_in.world();
        world.calls.push(records.len());
        world.called.push(stand_in.1.now());
        let account = |record: &Value| record["AccountId"].as_str().unwrap_or_default().to_owned();
        world.accounts = records.iter().map(account).collect();
        world.faults.pop_front()
    };
    let mut refused = None;
    match fault {
        Some(Fault::Refuse(status, code)) => return error(status, code),
        Some(Fault::RefuseOne(place, code)) => refused = Some((place % records.len(), code)),
        Some(Fault::Hang) => return pending().await,
        Some(Fault::Panic) => panic!("{PROVOKED}"),
        Some(Fault::Revoke) => {
            let mut world = stand_in.world();
            world.accepted.push('x');
            world.next_token = world.accepted.clone();
            return error(401, "INVALID_SESSION_ID");
        }
        _ => {}
    }
    let mut results: Vec<Value> = {
        let mut world = stand_in.world();
        let spoils = |r: &Value| {
            world
                .spoilers
                .contains(r[FIELD].as_str().unwrap_or_default())
        };
        if records.iter().any(spoils) {
            return error(400, "JSON_PARSER_ERROR");
        }
        let now = stand_in.1.now();
        let result = |(place, record)| match refused {
            Some((at, code)) if at == place => failed(code, "refused by the test"),
            _ => world.create(record, now),
        };
        records.iter().enumerate().map(result).collect()
    };
    match fault {
        Some(Fault::StoreThenHang) => return pending().await,
        Some(Fault::StoreThenFail) => return error(503, "SERVER_UNAVAILABLE"),
        Some(Fault::StoreThenPanic) => panic!("{PROVOKED}"),
        Some(Fault::StoreThenShorten) => drop(results.pop()),
        Some(Fault::StoreThenBreakOff) => return broken_off(),
        _ => {}
    }
    Value::from(results).to_string().into_response()
}

/// An answer that begins well and never ends.
fn broken_off() -> Response {
    let begin = Ok(Bytes::from_static(b"[{\"id\":"));
    let broken = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    Body::from_stream(stream::iter([begin, broken])).into_response()
}

pub(super) fn failed(code: &str, message: &str) -> Value {
    json!({"success": false, "errors": [{"statusCode": code, "message": message, "fields": []}]})
}

fn find(world: &mut World, event_id: &str) -> Response {
    world.finds += 1;
    if let Some(Some(status)) = world.find_faults.pop_front() {
        return error(status, "SAID_BY_THE_TEST");
    }
    if world.finds_reject_the_token {
        return error(401, "INVALID_SESSION_ID");
    }
    match world.cases.get(event_id) {
        Some(created) => {
            let date = created.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
            json!({"Id": "500000000000001AAA", "CreatedDate": date})
                .to_string()
                .into_response()
        }
        None => error(404, "NOT_FOUND"),
    }
}
