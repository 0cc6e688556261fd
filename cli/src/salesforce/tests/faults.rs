//! Sessions, limits, scripted faults, and the stand-in's own endpoints.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn a_call_without_a_valid_session_is_a_401() {
    let org = Org::start().await;
    assert_eq!(org.get("/limits").await.0, 200);
    org.salesforce.expire_tokens();
    let (status, error) = org.get("/limits").await;
    assert_eq!(
        (status.as_u16(), &error[0]["errorCode"]),
        (401, &json!("INVALID_SESSION_ID"))
    );
}

#[tokio::test]
async fn calls_are_counted_against_the_day() {
    let org = Org::start().await;
    org.salesforce.set_rules(Rules {
        daily_limit: 1,
        ..Rules::default()
    });
    let first = org
        .try_call(Method::GET, "/limits", Value::Null)
        .await
        .unwrap();
    assert_eq!(first.headers()["Sforce-Limit-Info"], "api-usage=1/1");
    let (status, error) = org.get("/limits").await;
    assert_eq!(
        (status.as_u16(), &error[0]["errorCode"]),
        (403, &json!("REQUEST_LIMIT_EXCEEDED"))
    );
}

#[tokio::test]
async fn faults_come_in_the_scripted_order() {
    let org = Org::start().await;
    let script = [
        Fault::unavailable(),
        Fault::Pass,
        Fault::request_limit(),
        Fault::lock_row([1]),
    ];
    org.salesforce.script(Api::Data, script);
    assert_eq!(org.post(COLLECTION, cases(["e1"])).await.0, 503);
    assert_eq!(org.post(COLLECTION, cases(["e1"])).await.0, 200);
    assert_eq!(org.post(COLLECTION, cases(["e2"])).await.0, 403);
    let (_, items) = org.post(COLLECTION, cases(["e2", "e3"])).await;
    assert_eq!(
        (code(&items[0]), code(&items[1])),
        ("none", "UNABLE_TO_LOCK_ROW")
    );
    assert_eq!(org.salesforce.cases().len(), 2);
    assert_eq!(org.salesforce.counts().attempts["e3"], 1);
}

#[tokio::test]
async fn a_reset_stores_nothing_and_a_lost_answer_stores_all() {
    let org = Org::start().await;
    org.salesforce
        .script(Api::Data, [Fault::Reset, Fault::LoseAnswer]);
    assert!(
        org.try_call(Method::POST, COLLECTION, cases(["e1"]))
            .await
            .is_err()
    );
    assert_eq!(org.salesforce.cases().len(), 0);
    assert!(
        org.try_call(Method::POST, COLLECTION, cases(["e2"]))
            .await
            .is_err()
    );
    assert_eq!(org.salesforce.cases().len(), 1);
}

#[tokio::test]
async fn an_answer_can_be_short_or_no_json() {
    let org = Org::start().await;
    org.salesforce
        .script(Api::Data, [Fault::Truncate, Fault::Garble]);
    let (_, items) = org.post(COLLECTION, cases(["e1", "e2"])).await;
    assert_eq!(items.as_array().unwrap().len(), 1);
    let answer = org
        .try_call(Method::POST, COLLECTION, cases(["e3"]))
        .await
        .unwrap();
    assert!(answer.json::<Value>().await.is_err());
    assert_eq!(org.salesforce.cases().len(), 3);
}

#[tokio::test]
async fn the_admin_endpoints_do_what_the_handle_does() {
    let org = Org::start().await;
    let admin = |path: &str| format!("{}/_standin/{path}", org.salesforce.url());
    let script = json!([{ "fault": "answer", "status": 500, "code": "UNKNOWN_EXCEPTION" },
        { "on": "token", "fault": "reset" }]);
    let answer = org
        .http
        .post(admin("faults"))
        .json(&script)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(org.post(COLLECTION, cases(["e1"])).await.0, 500);
    org.post(COLLECTION, cases(["e1"])).await;
    let counts: Counts = org
        .http
        .get(admin("counts"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(counts, org.salesforce.counts());
    assert_eq!(counts.cases["e1"], 1);
    let stored: Value = org
        .http
        .get(admin("cases"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(stored[0]["event_id"], "e1");
    org.http.post(admin("reset")).send().await.unwrap();
    assert!(org.salesforce.cases().is_empty());
}

#[tokio::test]
async fn dropping_the_handle_stops_the_server() {
    let org = Org::start().await;
    let url = org.salesforce.url();
    drop(org);
    tokio::task::yield_now().await;
    let refused = async || Client::new().get(&url).send().await.is_err();
    let stopped = async { while !refused().await {} };
    tokio::time::timeout(std::time::Duration::from_secs(5), stopped)
        .await
        .unwrap();
}
