//! The bucket that the producer reads and the stream that it writes to, within the process and with the faults of the
//! script.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use kinesis_batch::deaggregate;
use kinesis_mapping::Shard;
use serde_json::{Value, json};
use tt_event::TtEvent;

use crate::script::What;

/// How one `PutRecords` goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PutFault {
    None,
    /// Refuses the records whose bit is set, modulo 8.
    RefuseSome(u8),
    /// Answers 500, does nothing.
    Fail,
    /// Does the work, then answers 500.
    StoreThenFail,
}

/// A record in the stream.
#[derive(Debug, Clone)]
pub(crate) struct Landed {
    pub(crate) what: What,
    pub(crate) sequence_number: String,
    /// The name under which it would be parked: the event id, or its position.
    pub(crate) name: String,
    /// The description of its Case.
    pub(crate) about: Option<String>,
}

/// A bucket and a stream within the process.
#[derive(Debug, Clone, Default)]
pub(crate) struct InProcess(Arc<Mutex<World>>);

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) shards: Vec<Shard>,
    pub(crate) faults: VecDeque<PutFault>,
    /// The object that the producer reads next.
    pub(crate) file: String,
    landed: Vec<Landed>,
    pub(crate) acknowledged: BTreeSet<String>,
    pub(crate) parked: u64,
}

impl InProcess {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let method = request.method().to_owned();
        let body = ByteStream::new(request.into_body()).collect().await;
        let body = body.unwrap().into_bytes();
        let mut world = self.world();
        let (status, answer) = match method.as_str() {
            "GET" => (200, world.file.clone()),
            "PUT" => {
                let lines = std::str::from_utf8(&body).unwrap().lines();
                world.parked += lines.count() as u64;
                (200, String::new())
            }
            _ => world.put_records(&serde_json::from_slice(&body).unwrap()),
        };
        let status = StatusCode::try_from(status).unwrap();
        let length = answer.len().to_string();
        let mut response = HttpResponse::new(status, SdkBody::from(answer));
        response.headers_mut().insert("content-length", length);
        Ok(response)
    }
}

impl World {
    fn put_records(&mut self, request: &Value) -> (u16, String) {
        let fault = self.faults.pop_front().unwrap_or(PutFault::None);
        let failed = (500, json!({"__type": "InternalFailure"}).to_string());
        if matches!(fault, PutFault::Fail) {
            return failed;
        }
        let refused = |place: usize| match fault {
            PutFault::RefuseSome(mask) => (mask >> (place % 8)) & 1 == 1,
            _ => false,
        };
        let mut results = Vec::new();
        for (place, record) in request["Records"].as_array().unwrap().iter().enumerate() {
            if refused(place) {
                results
                    .push(json!({"ErrorCode": "InternalFailure", "ErrorMessage": "by the test"}));
                continue;
            }
            let key = record["PartitionKey"].as_str().unwrap();
            let data = STANDARD.decode(record["Data"].as_str().unwrap()).unwrap();
            let first = self.landed.len();
            let (shard, number) = self.put(key, &data);
            results.push(json!({"SequenceNumber": number, "ShardId": shard}));
            if !matches!(fault, PutFault::StoreThenFail) {
                let names = self.landed[first..].iter().map(|landed| &landed.name);
                self.acknowledged.extend(names.cloned());
            }
        }
        if matches!(fault, PutFault::StoreThenFail) {
            return failed;
        }
        let refused = results.iter().filter(|r| r.get("ErrorCode").is_some());
        let answer = json!({"FailedRecordCount": refused.count(), "Records": results});
        (200, answer.to_string())
    }

    /// Puts a Kinesis record into the shard that its key names.
    pub(crate) fn put(&mut self, key: &str, data: &[u8]) -> (String, String) {
        let (shard, _) = key.split_once('-').unwrap();
        let shard: usize = shard.parse().unwrap();
        let number = self.shards[shard].put(self.now, key, data);
        match deaggregate(data).unwrap() {
            None => self.landed.push(landed(&number, None, data)),
            // Without an event it is one record.
            Some(parts) if parts.iter().all(|part| TtEvent::decode(part.data).is_err()) => {
                self.landed.push(landed(&number, None, data));
            }
            Some(parts) => {
                let parts = parts.iter().enumerate();
                let parts = parts.map(|(place, part)| landed(&number, Some(place), part.data));
                self.landed.extend(parts);
            }
        }
        (format!("shardId-{shard:012}"), number)
    }

    /// The records in the stream. Events that are there more than once are copies.
    pub(crate) fn records(&self) -> Vec<Landed> {
        let mut times = BTreeMap::new();
        for landed in &self.landed {
            *times.entry(&landed.name).or_insert(0) += 1;
        }
        let mut records = self.landed.clone();
        for landed in &mut records {
            if landed.what == What::Event && times[&landed.name] > 1 {
                landed.what = What::Copy;
            }
        }
        records
    }
}

fn landed(number: &str, part: Option<usize>, data: &[u8]) -> Landed {
    let place = part.map_or_else(|| number.to_owned(), |part| format!("{number}-{part}"));
    let event = TtEvent::decode(data).ok();
    let is_long = |event: &TtEvent| event.text("subject").is_some_and(|text| text.len() > 255);
    Landed {
        what: match &event {
            None => What::Rubbish,
            Some(event) if is_long(event) => What::TooLong,
            Some(_) => What::Event,
        },
        sequence_number: number.to_owned(),
        name: event
            .as_ref()
            .map_or(place, |event| event.event_id.to_string()),
        about: event.and_then(|event| event.text("details").map(Cow::into_owned)),
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}
