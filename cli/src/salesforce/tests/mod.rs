//! The stand-in as a client meets it, over HTTP.

mod cases;
mod clients;
mod faults;

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
