//! The org as its clients meet it: in the process, and over HTTP where the connection matters.

use std::sync::{Arc, Mutex};

use axum::{
    body::{Bytes, to_bytes},
    http::{Method, Request, StatusCode},
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::{Api, CLIENT_ID, CLIENT_SECRET, Ending, Fault, Org, Outage, StandIn};

const DATA: &str = "/services/data/v62.0";
const CREATE: &str = "/services/data/v62.0/composite/sobjects";

/// An org with a clock that the test sets, and one valid token.
fn org() -> (Org, Arc<Mutex<Timestamp>>) {
    let clock = Arc::new(Mutex::new("2026-01-31T23:59:59Z".parse().unwrap()));
    let now = Arc::clone(&clock);
    let org = Org::new("http://salesforce.invalid", move || *now.lock().unwrap());
    org.accept_token("valid");
    (org, clock)
}

fn request(method: Method, path: &str, body: &str) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer valid")
        .header("content-type", "application/json")
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

/// Status and body of an answer; an error where the connection breaks off.
async fn send(org: &Org, request: Request<Bytes>) -> Result<(u16, Value), axum::Error> {
    let (parts, body) = org.answer(request).await.into_parts();
    let body = to_bytes(body, usize::MAX).await?;
    let body = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Value::from(String::from_utf8(body.to_vec()).unwrap()));
    Ok((parts.status.as_u16(), body))
}

async fn get(org: &Org, path: &str) -> (u16, Value) {
    let path = format!("{DATA}{path}");
    send(org, request(Method::GET, &path, "")).await.unwrap()
}

async fn create(org: &Org, records: Value) -> (u16, Value) {
    let body = json!({ "allOrNone": false, "records": records });
    let request = request(Method::POST, CREATE, &body.to_string());
    send(org, request).await.unwrap()
}

async fn login(org: &Org, form: &str) -> (u16, Value) {
    let request = request(Method::POST, "/services/oauth2/token", form);
    send(org, request).await.unwrap()
}

fn case(event_id: &str) -> Value {
    json!({ "attributes": { "type": "Case" }, "Subject": "s", "TT_Event_Id__c": event_id })
}

fn code(result: &Value) -> &str {
    result["errors"][0]["statusCode"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn case_is_created_and_found_by_its_external_id() {
    let (org, _) = org();
    let (status, results) = create(&org, json!([case("a/b 1")])).await;
    assert_eq!((status, &results[0]["success"]), (200, &json!(true)));
    let path = "/sobjects/Case/TT_Event_Id__c/a%2Fb%201?fields=Id,CreatedDate";
    let (status, found) = get(&org, path).await;
    assert_eq!((status, &found["Id"]), (200, &results[0]["id"]));
    assert_eq!(found["CreatedDate"], "2026-01-31T23:59:59.000+0000");
    assert_eq!(
        get(&org, "/sobjects/Case/TT_Event_Id__c/other").await.0,
        404
    );
    assert_eq!((org.counts().finds, org.counts().requests), (2, 3));
}

#[tokio::test]
async fn each_record_has_its_result_in_order() {
    let (org, _) = org();
    let mut records = ["e1", "e2", "e1", "e3", "e4"].map(case);
    records[1]["Subject"] = json!("x".repeat(256));
    records[3]["Colour"] = json!("red");
    records[4]["Colour__c"] = json!("red");
    let (_, results) = create(&org, json!(records)).await;
    let codes: Vec<&str> = results.as_array().unwrap().iter().map(code).collect();
    let expected = [
        "none",
        "STRING_TOO_LONG",
        "DUPLICATE_VALUE",
        "INVALID_FIELD",
        "INVALID_FIELD",
    ];
    assert_eq!(codes, expected);
    let id = results[0]["id"].as_str().unwrap();
    let message =
        format!("duplicate value found: TT_Event_Id__c duplicates value on record with id: {id}");
    assert_eq!(results[2]["errors"][0]["message"], message);
    assert_eq!(org.cases().len(), 1);
    assert_eq!(org.attempts()["e1"], 2);
}

#[tokio::test]
async fn call_holds_at_most_200_records() {
    let (org, _) = org();
    let records: Vec<Value> = (0..201).map(|id| case(&format!("e{id}"))).collect();
    let (status, error) = create(&org, json!(records)).await;
    assert_eq!(
        (status, &error[0]["errorCode"]),
        (400, &json!("EXCEEDED_ID_LIMIT"))
    );
    let (status, results) = create(&org, json!(&records[..200])).await;
    assert_eq!((status, results.as_array().unwrap().len()), (200, 200));
}

#[tokio::test]
async fn describe_lists_the_fields_that_create_accepts() {
    let (org, _) = org();
    org.change_rules(|rules| rules.custom_fields.extend(["Colour__c".to_owned()]));
    let (_, described) = get(&org, "/sobjects/Case/describe").await;
    let fields = described["fields"].as_array().unwrap();
    let createable = |name: &str| {
        let field = fields.iter().find(|field| field["name"] == name);
        field.map(|field| field["createable"].as_bool().unwrap())
    };
    assert_eq!(createable("Colour__c"), Some(true));
    assert_eq!(createable("CreatedDate"), Some(false));
    assert_eq!(createable("Colour"), None);
    let mut record = case("e1");
    record["colour__c"] = json!("red");
    let (_, results) = create(&org, json!([record])).await;
    assert_eq!(code(&results[0]), "none");
}

#[tokio::test]
async fn rules_decide_about_required_refused_and_duplicate_records() {
    let (org, _) = org();
    org.change_rules(|rules| {
        rules.required_fields = vec!["Origin".to_owned()];
        rules.refused.insert(
            "e2".to_owned(),
            "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
        );
        rules.unparsable.insert("e3".to_owned());
    });
    let (_, results) = create(&org, json!([case("e1"), case("e2")])).await;
    assert_eq!(code(&results[0]), "REQUIRED_FIELD_MISSING");
    assert_eq!(code(&results[1]), "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    let (status, error) = create(&org, json!([case("e1"), case("e3")])).await;
    assert_eq!(
        (status, &error[0]["errorCode"]),
        (400, &json!("JSON_PARSER_ERROR"))
    );
    org.change_rules(|rules| {
        rules.required_fields.clear();
        rules.unique_external_id = false;
    });
    create(&org, json!([case("e1"), case("e1")])).await;
    let (status, found) = get(&org, "/sobjects/Case/TT_Event_Id__c/e1").await;
    assert_eq!((status, found.as_array().unwrap().len()), (300, 2));
}

#[tokio::test]
async fn session_ends_when_it_expires_or_is_ended() {
    let (org, clock) = org();
    let path = "/sobjects/Case/TT_Event_Id__c/e1";
    *clock.lock().unwrap() += 2.hours();
    let (status, error) = get(&org, path).await;
    assert_eq!(
        (status, &error[0]["errorCode"]),
        (401, &json!("INVALID_SESSION_ID"))
    );
    org.accept_token("valid");
    assert_eq!(get(&org, path).await.0, 404);
    org.script(Api::Find, [Fault::EndSessions]);
    assert_eq!(get(&org, path).await.0, 401);
}

#[tokio::test]
async fn requests_are_limited_and_reported() {
    let (org, _) = org();
    org.change_rules(|rules| rules.daily_requests = 1);
    let body = json!({ "records": [case("e1")] }).to_string();
    let first = org.answer(request(Method::POST, CREATE, &body)).await;
    assert_eq!(first.headers()["sforce-limit-info"], "api-usage=1/1");
    let (status, error) = create(&org, json!([case("e2")])).await;
    assert_eq!(
        (status, &error[0]["errorCode"]),
        (403, &json!("REQUEST_LIMIT_EXCEEDED"))
    );
}

#[tokio::test]
async fn faults_are_met_in_the_scripted_order() {
    let (org, _) = org();
    let script = [
        Fault::refuse(503, "SERVER_UNAVAILABLE"),
        Fault::None,
        Fault::refuse_record(1, "UNABLE_TO_LOCK_ROW"),
        Fault::fail_after(500, "UNKNOWN_EXCEPTION"),
        Fault::After(Ending::MissingResult),
    ];
    org.script(Api::Create, script);
    assert_eq!(create(&org, json!([case("e1")])).await.0, 503);
    assert_eq!(create(&org, json!([case("e1")])).await.0, 200);
    let (_, results) = create(&org, json!([case("e2"), case("e3")])).await;
    assert_eq!(
        (code(&results[0]), code(&results[1])),
        ("none", "UNABLE_TO_LOCK_ROW")
    );
    assert_eq!(create(&org, json!([case("e4")])).await.0, 500);
    let (_, results) = create(&org, json!([case("e5"), case("e6")])).await;
    assert_eq!(results.as_array().unwrap().len(), 1);
    let ids: Vec<_> = org
        .cases()
        .into_iter()
        .filter_map(|case| case.event_id)
        .collect();
    assert_eq!(ids, ["e1", "e2", "e4", "e5", "e6"]);
    assert_eq!(org.calls().len(), 5);
}

#[tokio::test]
async fn connection_breaks_off_before_or_after_the_work() {
    let (org, _) = org();
    org.script(
        Api::Create,
        [
            Fault::Instead(Ending::Reset),
            Fault::After(Ending::BreakOff),
        ],
    );
    let body = |id| json!({ "records": [case(id)] }).to_string();
    assert!(
        send(&org, request(Method::POST, CREATE, &body("e1")))
            .await
            .is_err()
    );
    assert_eq!(org.cases().len(), 0);
    assert!(
        send(&org, request(Method::POST, CREATE, &body("e2")))
            .await
            .is_err()
    );
    assert_eq!(org.cases().len(), 1);
}

#[tokio::test]
async fn outage_covers_its_period_and_not_the_login() {
    let (org, clock) = org();
    let from = *clock.lock().unwrap();
    let body = "<html>maintenance</html>";
    org.set_outage(Some(Outage {
        from,
        to: from + 1.minute(),
        ending: Ending::Body {
            status: 200,
            body: body.into(),
        },
    }));
    assert_eq!(create(&org, json!([case("e1")])).await, (200, json!(body)));
    assert_eq!(login(&org, "grant_type=password").await.0, 400);
    *clock.lock().unwrap() += 1.minute();
    assert_eq!(get(&org, "/sobjects/Case/TT_Event_Id__c/e1").await.0, 404);
}

#[tokio::test]
async fn token_endpoint_checks_the_grant_and_the_client() {
    let (org, _) = org();
    for (form, error) in [
        ("grant_type=password".to_owned(), "unsupported_grant_type"),
        (
            "grant_type=client_credentials&client_id=x".to_owned(),
            "invalid_client_id",
        ),
        (
            format!("grant_type=client_credentials&client_id={CLIENT_ID}&client_secret=x"),
            "invalid_client",
        ),
    ] {
        let (status, answer) = login(&org, &form).await;
        assert_eq!((status, &answer["error"]), (400, &json!(error)), "{form}");
    }
    let form = format!(
        "grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}"
    );
    let (status, answer) = login(&org, &form).await;
    assert_eq!((status, org.counts().logins), (200, 1));
    assert_eq!(answer["instance_url"], "http://salesforce.invalid");
    assert!(answer.get("expires_in").is_none());
}

#[tokio::test]
async fn server_resets_the_connection_where_the_script_does() {
    let stand_in = StandIn::start().await.unwrap();
    stand_in.org().accept_token("valid");
    stand_in
        .org()
        .script(Api::Find, [Fault::Instead(Ending::Reset)]);
    let url = format!(
        "{}{DATA}/sobjects/Case/TT_Event_Id__c/e1",
        stand_in.org().url()
    );
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = || http.get(&url).bearer_auth("valid").send();
    assert!(request().await.is_err());
    assert_eq!(request().await.unwrap().status(), StatusCode::NOT_FOUND);
    let cases = http.get(stand_in.cases_url()).send().await.unwrap();
    assert_eq!(cases.json::<Value>().await.unwrap(), json!([]));
}

#[tokio::test]
async fn server_refuses_requests_of_web_pages() {
    let stand_in = StandIn::start().await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let port = stand_in.org().url().rsplit_once(':').unwrap().1.to_owned();
    for (name, value, expected) in [
        ("host", format!("localhost:{port}"), 200),
        ("host", format!("[::1]:{port}"), 200),
        ("host", format!("rebound.example:{port}"), 403),
        ("host", "127.0.0.1:1".to_owned(), 403),
        ("origin", "https://page.example".to_owned(), 403),
        ("origin", "null".to_owned(), 403),
    ] {
        let request = http.get(stand_in.cases_url()).header(name, &value);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{name}: {value}");
    }
}

#[tokio::test]
async fn dropped_server_stops() {
    let stand_in = StandIn::start().await.unwrap();
    let url = stand_in.cases_url();
    drop(stand_in);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let stopped = async { while http.get(&url).send().await.is_ok() {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), stopped)
        .await
        .unwrap();
}
