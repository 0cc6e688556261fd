//! The stand-in as a client meets it, over HTTP.

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

use super::*;

const DATA: &str = "/services/data/v62.0";
const COLLECTION: &str = "/composite/sobjects";

/// A stand-in and a client that is logged in.
struct Org {
    salesforce: StandIn,
    http: Client,
    token: String,
}

impl Org {
    async fn start() -> Self {
        let salesforce = StandIn::start(0).await.unwrap();
        let http = Client::new();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
        ];
        let url = format!("{}/services/oauth2/token", salesforce.url());
        let answer: Value = http
            .post(url)
            .form(&form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Self {
            salesforce,
            http,
            token,
        }
    }

    async fn try_call(&self, method: Method, path: &str, body: Value) -> reqwest::Result<Response> {
        let url = format!("{}{DATA}{path}", self.salesforce.url());
        let request = self
            .http
            .request(method.clone(), url)
            .bearer_auth(&self.token);
        if method == Method::GET {
            request.send().await
        } else {
            request.json(&body).send().await
        }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let answer = self.try_call(method, path, body).await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, body).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::GET, path, Value::Null).await
    }
}

fn case(event_id: &str) -> Value {
    json!({ "attributes": { "type": "Case" }, "Subject": "s", "TT_Event_Id__c": event_id })
}

fn cases<'a>(event_ids: impl IntoIterator<Item = &'a str>) -> Value {
    let records: Vec<Value> = event_ids.into_iter().map(case).collect();
    json!({ "allOrNone": false, "records": records })
}

fn code(item: &Value) -> &str {
    item["errors"][0]["statusCode"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn one_case_is_created_and_read_by_its_external_id() {
    let org = Org::start().await;
    let (status, made) = org
        .post("/sobjects/Case", json!({ "TT_Event_Id__c": "a/b 1" }))
        .await;
    assert_eq!(status, 201);
    assert_eq!(
        (made["success"].clone(), made["errors"].clone()),
        (json!(true), json!([]))
    );
    let (_, read) = org.get("/sobjects/Case/TT_Event_Id__c/a%2Fb%201").await;
    assert_eq!(read["Id"], made["id"]);
    assert!(read["CreatedDate"].as_str().unwrap().ends_with(".000+0000"));
    assert_eq!(org.salesforce.cases()[0].event_id.as_deref(), Some("a/b 1"));
}

#[tokio::test]
async fn a_second_case_with_the_external_id_names_the_first() {
    let org = Org::start().await;
    let (_, first) = org
        .post("/sobjects/Case", json!({ "TT_Event_Id__c": "e1" }))
        .await;
    let (status, error) = org
        .post("/sobjects/Case", json!({ "TT_Event_Id__c": "E1" }))
        .await;
    assert_eq!(status, 400);
    let id = first["id"].as_str().unwrap();
    let message =
        format!("duplicate value found: TT_Event_Id__c duplicates value on record with id: {id}");
    assert_eq!(
        error,
        json!([{ "errorCode": "DUPLICATE_VALUE", "message": message, "fields": [] }])
    );
}

#[tokio::test]
async fn a_collection_answers_each_record_in_order() {
    let org = Org::start().await;
    let mut call = cases(["e1", "e2", "e1"]);
    call["records"][1]["Subject"] = json!("x".repeat(256));
    let (status, items) = org.post(COLLECTION, call).await;
    assert_eq!(status, 200);
    assert_eq!(items[0]["success"], true);
    assert_eq!(
        (code(&items[1]), code(&items[2])),
        ("STRING_TOO_LONG", "DUPLICATE_VALUE")
    );
    assert_eq!(org.salesforce.cases().len(), 1);
}

#[tokio::test]
async fn all_or_none_takes_every_record_back() {
    let org = Org::start().await;
    let mut call = cases(["e1", "e2"]);
    call["allOrNone"] = json!(true);
    call["records"][1]["Colour"] = json!("red");
    let (status, items) = org.post(COLLECTION, call).await;
    assert_eq!(status, 200);
    assert_eq!(code(&items[0]), "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(code(&items[1]), "INVALID_FIELD");
    assert!(org.salesforce.cases().is_empty());
    assert_eq!(org.get("/sobjects/Case/TT_Event_Id__c/e1").await.0, 404);
}

#[tokio::test]
async fn a_call_takes_200_records() {
    let org = Org::start().await;
    let ids: Vec<String> = (0..201).map(|id| format!("e{id}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (status, error) = org.post(COLLECTION, cases(ids.iter().copied())).await;
    assert_eq!(
        (status.as_u16(), error[0]["errorCode"].as_str()),
        (400, Some("EXCEEDED_ID_LIMIT"))
    );
    let (status, items) = org.post(COLLECTION, cases(ids.into_iter().take(200))).await;
    assert_eq!(
        (status.as_u16(), items.as_array().unwrap().len()),
        (200, 200)
    );
}

#[tokio::test]
async fn a_collection_upsert_says_what_it_created() {
    let org = Org::start().await;
    org.post(COLLECTION, cases(["e1"])).await;
    let path = "/composite/sobjects/Case/TT_Event_Id__c";
    let (_, items) = org
        .call(Method::PATCH, path, cases(["e1", "e2", "e3", "e3"]))
        .await;
    assert_eq!(
        (&items[0]["created"], &items[1]["created"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        (code(&items[2]), code(&items[3])),
        ("DUPLICATE_VALUE", "DUPLICATE_VALUE")
    );
}

#[tokio::test]
async fn one_record_upsert_answers_201_then_200() {
    let org = Org::start().await;
    let path = "/sobjects/Case/TT_Event_Id__c/e%201";
    let (first, made) = org
        .call(Method::PATCH, path, json!({ "Subject": "one" }))
        .await;
    let (second, changed) = org
        .call(Method::PATCH, path, json!({ "Subject": "two" }))
        .await;
    assert_eq!((first.as_u16(), second.as_u16()), (201, 200));
    assert_eq!(
        (&changed["created"], &changed["id"]),
        (&json!(false), &made["id"])
    );
    assert_eq!(org.salesforce.cases()[0].fields["Subject"], "two");
}

#[tokio::test]
async fn an_org_can_require_fields() {
    let org = Org::start().await;
    let rules = Rules {
        required: vec!["Origin".to_owned()],
        ..Rules::default()
    };
    org.salesforce.set_rules(rules);
    let (status, error) = org.post("/sobjects/Case", json!({ "Subject": "s" })).await;
    assert_eq!(status, 400);
    assert_eq!(error[0]["errorCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(error[0]["fields"], json!(["Origin"]));
}

#[tokio::test]
async fn a_query_finds_cases_by_external_id() {
    let org = Org::start().await;
    let (_, made) = org.post(COLLECTION, cases(["e1", "it's", "e3"])).await;
    let find = |query: &str| format!("/query?q={}", query.replace(' ', "+"));
    let query = find("SELECT Id, CreatedDate FROM Case WHERE TT_Event_Id__c IN ('e1', 'it\\'s')");
    let (_, found) = org.get(&query).await;
    assert_eq!(
        (&found["totalSize"], &found["done"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(found["records"][1]["Id"], made[1]["id"]);
    assert_eq!(
        org.get(&find("SELECT count() FROM Case")).await.1["totalSize"],
        3
    );
    let (status, error) = org.get(&find("SELECT Id FROM Case WHERE")).await;
    assert_eq!(
        (status.as_u16(), &error[0]["errorCode"]),
        (400, &json!("MALFORMED_QUERY"))
    );
}

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
