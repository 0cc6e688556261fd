//! A server of one operation, `PutRecords`, with scripted responses.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// The response to one request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Accepts every record.
    Accept,
    /// Accepts every record after a delay.
    Late(Duration),
    /// Rejects the records at these positions of the request and accepts the others.
    Refuse(Vec<usize>),
    /// Rejects every record.
    RefuseAll,
    /// Fails the request with an HTTP status and error code.
    Error(u16, &'static str),
    /// Accepts the request, but returns this number of results.
    Results(usize),
    /// Closes the connection within the response.
    Break,
    /// Never responds.
    Hang,
    /// Rejects requests with a record that contains this text.
    Poison(&'static str),
}

/// A server with scripted responses and a log of its requests.
#[derive(Debug, Clone, Default)]
pub struct Kinesis {
    state: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    answers: VecDeque<Answer>,
    default: Option<Answer>,
    requests: Vec<usize>,
    accepted: Vec<(String, Vec<u8>)>,
}

impl Kinesis {
    /// Starts a server that sends these responses in order, then accepts all records.
    pub async fn start(
        answers: impl IntoIterator<Item = Answer>,
    ) -> (Self, aws_sdk_kinesis::Client) {
        let kinesis = Self::default();
        kinesis.log().answers = answers.into_iter().collect();
        let router = Router::new()
            .fallback(put_records)
            .with_state(kinesis.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (kinesis, client(&format!("http://{address}")))
    }

    /// Sets the response to each request that has no scripted one.
    pub fn always(&self, answer: Answer) {
        self.log().default = Some(answer);
    }

    /// Returns the number of records in each request.
    pub fn requests(&self) -> Vec<usize> {
        self.log().requests.clone()
    }

    /// Returns partition key and content of each accepted record, in order.
    pub fn accepted(&self) -> Vec<(String, Vec<u8>)> {
        self.log().accepted.clone()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.state.lock().unwrap()
    }
}

/// Returns a client of a server at this address.
pub fn client(endpoint: &str) -> aws_sdk_kinesis::Client {
    use aws_sdk_kinesis::config::{BehaviorVersion, Config, Credentials, Region};
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .endpoint_url(endpoint);
    aws_sdk_kinesis::Client::from_conf(config.build())
}

async fn put_records(State(kinesis): State<Kinesis>, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers["x-amz-target"], "Kinesis_20131202.PutRecords");
    let request: Value = serde_json::from_slice(&body).unwrap();
    let records: Vec<(String, Vec<u8>)> = request["Records"]
        .as_array()
        .unwrap()
        .iter()
        .map(entry)
        .collect();
    let answer = {
        let mut log = kinesis.log();
        log.requests.push(records.len());
        let default = log.default.clone();
        log.answers
            .pop_front()
            .or(default)
            .unwrap_or(Answer::Accept)
    };
    match answer {
        Answer::Accept => kinesis.answer(records, |_| false),
        Answer::Late(time) => {
            tokio::time::sleep(time).await;
            kinesis.answer(records, |_| false)
        }
        Answer::Refuse(positions) => kinesis.answer(records, |index| positions.contains(&index)),
        Answer::RefuseAll => kinesis.answer(records, |_| true),
        Answer::Error(status, code) => error(status, code),
        Answer::Results(number) => {
            let one = json!({"SequenceNumber": "1", "ShardId": "shardId-0"});
            success(&json!({"FailedRecordCount": 0, "Records": vec![one; number]}))
        }
        Answer::Break => Response::builder()
            .header("content-length", "1000")
            .body(Body::from_stream(futures_util::stream::iter([Err::<
                Bytes,
                _,
            >(
                "cut"
            )])))
            .unwrap(),
        Answer::Hang => std::future::pending().await,
        Answer::Poison(content) => {
            let holds = |data: &[u8]| {
                data.windows(content.len())
                    .any(|part| part == content.as_bytes())
            };
            if records.iter().any(|(_, data)| holds(data)) {
                return error(400, "ValidationException");
            }
            kinesis.answer(records, |_| false)
        }
    }
}

impl Kinesis {
    fn answer(&self, records: Vec<(String, Vec<u8>)>, refused: impl Fn(usize) -> bool) -> Response {
        let mut log = self.log();
        let mut results = Vec::new();
        let mut failed = 0;
        for (index, record) in records.into_iter().enumerate() {
            if refused(index) {
                failed += 1;
                results.push(json!({
                    "ErrorCode": "ProvisionedThroughputExceededException",
                    "ErrorMessage": "Rate exceeded for shard shardId-0",
                }));
            } else {
                log.accepted.push(record);
                results.push(json!({
                    "SequenceNumber": log.accepted.len().to_string(),
                    "ShardId": "shardId-0",
                }));
            }
        }
        success(&json!({"FailedRecordCount": failed, "Records": results}))
    }
}

fn entry(record: &Value) -> (String, Vec<u8>) {
    let data = BASE64_STANDARD
        .decode(record["Data"].as_str().unwrap())
        .unwrap();
    (record["PartitionKey"].as_str().unwrap().to_owned(), data)
}

fn success(body: &Value) -> Response {
    (
        [("content-type", "application/x-amz-json-1.1")],
        body.to_string(),
    )
        .into_response()
}

fn error(status: u16, code: &str) -> Response {
    let body = json!({"__type": code, "message": "no"}).to_string();
    let content = [("content-type", "application/x-amz-json-1.1")];
    (StatusCode::from_u16(status).unwrap(), content, body).into_response()
}
