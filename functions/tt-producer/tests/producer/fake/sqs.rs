//! An SQS of one operation, `SendMessage`, with one FIFO queue.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// The address of the queue.
pub(crate) const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/1/uploads.fifo";

/// The server: what it holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sqs {
    state: Arc<Mutex<Store>>,
}

#[derive(Debug, Default)]
struct Store {
    waiting: Vec<Value>,
    names: Vec<String>,
    closed: bool,
    hanging: bool,
}

impl Sqs {
    pub(crate) async fn start() -> (Self, aws_sdk_sqs::Client) {
        let sqs = Self::default();
        let router = Router::new().fallback(send).with_state(sqs.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (sqs, client(&format!("http://{address}")))
    }

    /// Refuses every message from now on.
    pub(crate) fn close(&self) {
        self.store().closed = true;
    }

    /// Answers no message from now on.
    pub(crate) fn hang(&self) {
        self.store().hanging = true;
    }

    /// Takes the next message, as the payload that the function gets.
    pub(crate) fn receive(&self) -> Option<Value> {
        let mut store = self.store();
        (!store.waiting.is_empty()).then(|| store.waiting.remove(0))
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.state.lock().unwrap()
    }
}

fn client(endpoint: &str) -> aws_sdk_sqs::Client {
    use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region, retry::RetryConfig};
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(endpoint);
    aws_sdk_sqs::Client::from_conf(config.build())
}

async fn send(State(sqs): State<Sqs>, headers: HeaderMap, body: Bytes) -> Response {
    let message: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(headers["x-amz-target"], "AmazonSQS.SendMessage");
    assert_eq!(message["QueueUrl"], QUEUE);
    assert!(message["MessageGroupId"].is_string());
    if sqs.store().hanging {
        std::future::pending::<()>().await;
    }
    let mut store = sqs.store();
    let json = [("content-type", "application/x-amz-json-1.0")];
    if store.closed {
        let error = json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"});
        return (StatusCode::BAD_REQUEST, json, error.to_string()).into_response();
    }
    let name = message["MessageDeduplicationId"]
        .as_str()
        .unwrap()
        .to_owned();
    if !store.names.contains(&name) {
        store.names.push(name);
        let body = message["MessageBody"].as_str().unwrap();
        assert!(body.len() <= 256 * 1024);
        store.waiting.push(json!({"Records": [{
            "messageId": "19dd0b57-b21e-4ac1-bd88-01bbb068cb78",
            "body": body,
            "eventSource": "aws:sqs",
        }]}));
    }
    (json, json!({"MessageId": "1"}).to_string()).into_response()
}
