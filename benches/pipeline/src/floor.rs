//! The floor: the least work with which a function reads its input and sends its requests.
//!
//! It reads and writes the same bytes as the function, and hashes what a signature covers. It does not validate, retry or
//! count.

use std::{
    env,
    io::{self, BufRead, Read},
    process::ExitCode,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::memchr;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    content::{Content, Layout},
    wire::Connection,
};

/// The environment variable with which this program runs as the floor.
pub(crate) const VARIABLE: &str = "TT_BENCH_FLOOR";
const RECORDS_PER_REQUEST: usize = 500;

/// The function of which this is the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Producer,
    Cases,
}

impl Work {
    pub(crate) fn of_this_process() -> Option<Self> {
        match env::var(VARIABLE).ok()?.as_str() {
            "producer" => Some(Self::Producer),
            "cases" => Some(Self::Cases),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Cases => "cases",
        }
    }
}

pub(crate) fn run(work: Work) -> ExitCode {
    let Ok(host) = env::var("AWS_LAMBDA_RUNTIME_API") else {
        return ExitCode::FAILURE;
    };
    match serve(work, &host) {
        Ok(never) => match never {},
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(work: Work, host: &str) -> io::Result<std::convert::Infallible> {
    let mut lambda = Connection::open(host)?;
    let mut service = Connection::open(host)?;
    let mut source = Connection::open(host)?;
    loop {
        let event = lambda.ask("GET", "/2018-06-01/runtime/invocation/next", "", b"")?;
        match work {
            Work::Producer => produce(&event, &mut source, &mut service)?,
            Work::Cases => create(&event, &mut service)?,
        }
        lambda.ask(
            "POST",
            "/2018-06-01/runtime/invocation/bench/response",
            "",
            b"{}",
        )?;
    }
}

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<Notified<'a>>,
}

#[derive(Deserialize)]
struct Notified<'a> {
    #[serde(borrow)]
    s3: Entity<'a>,
}

#[derive(Deserialize)]
struct Entity<'a> {
    #[serde(borrow)]
    object: Key<'a>,
}

#[derive(Deserialize)]
struct Key<'a> {
    key: &'a str,
}

/// The fields of a line of JSON.
#[derive(Deserialize)]
struct Fields<'a> {
    record_id: &'a str,
    customer_id: &'a str,
    event_type: &'a str,
    risk_rating: &'a str,
    subject: &'a str,
    details: &'a str,
}

fn produce(event: &[u8], source: &mut Connection, kinesis: &mut Connection) -> io::Result<()> {
    let notification: Notification<'_> = serde_json::from_slice(event)?;
    for notified in notification.records {
        let key = notified.s3.object.key;
        let length = source.send("GET", &format!("/bench/{key}"), "", b"")?;
        let mut body = source.body().take(length);
        let mut request = Request::default();
        let mut line = Vec::new();
        let is_csv = Content::of_key(key).is_some_and(|content| content.layout == Layout::Csv);
        if is_csv {
            body.read_until(b'\n', &mut line)?;
        }
        let mut index = 0;
        loop {
            line.clear();
            if body.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if is_csv {
                request.add_row(&line, key, index);
            } else {
                request.add(&serde_json::from_slice(&line)?, key, index);
            }
            index += 1;
            if request.records == RECORDS_PER_REQUEST {
                request.send(kinesis)?;
            }
        }
        request.send(kinesis)?;
    }
    Ok(())
}

/// The body of one `PutRecords`.
#[derive(Debug, Default)]
struct Request {
    records: usize,
    body: String,
    event: String,
}

impl Request {
    fn add_row(&mut self, line: &[u8], key: &str, index: u64) {
        let mut rest = line.trim_ascii_end();
        let mut field = || {
            let end = memchr(b',', rest).unwrap_or(rest.len());
            let (field, tail) = rest.split_at(end);
            rest = tail.get(1..).unwrap_or_default();
            std::str::from_utf8(field).unwrap_or_default()
        };
        let (record_id, customer_id, event_type) = (field(), field(), field());
        let (risk_rating, _occurred_at, subject, details) = (field(), field(), field(), field());
        let fields = Fields {
            record_id,
            customer_id,
            event_type,
            risk_rating,
            subject,
            details,
        };
        self.add(&fields, key, index);
    }

    fn add(&mut self, fields: &Fields<'_>, key: &str, index: u64) {
        self.event.clear();
        let mut text = |name: &str, value: &str| {
            self.event.push_str(",\"");
            self.event.push_str(name);
            self.event.push_str("\":\"");
            self.event.push_str(value);
            self.event.push('"');
        };
        // As long as an event id. Computing one is a choice of the design, so it is not part of the floor.
        text(
            "event_id",
            "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst",
        );
        text("key", key);
        text("produced_at", "2026-05-04T10:00:00.123456789Z");
        text("record_id", fields.record_id);
        text("customer_id", fields.customer_id);
        text("event_type", fields.event_type);
        text("risk_rating", fields.risk_rating);
        text("subject", fields.subject);
        text("details", fields.details);
        self.event
            .push_str(",\"source\":{\"bucket\":\"bench\",\"version\":\"v1\",\"index\":");
        self.event.push_str(&index.to_string());
        self.event.push_str("},\"schema\":\"tt-event/1\"}");
        self.body.push_str(if self.records == 0 {
            "{\"Records\":["
        } else {
            ","
        });
        self.body.push_str("{\"Data\":\"");
        STANDARD.encode_string(&self.event, &mut self.body);
        self.body.push_str("\",\"PartitionKey\":\"");
        self.body.push_str(fields.customer_id);
        self.body.push_str("\"}");
        self.records += 1;
    }

    fn send(&mut self, kinesis: &mut Connection) -> io::Result<()> {
        if self.records == 0 {
            return Ok(());
        }
        self.body.push_str("],\"StreamName\":\"tt-events\"}");
        let extra = format!(
            "x-amz-target: Kinesis_20131202.PutRecords\r\nx-amz-content-sha256: {:x}\r\n",
            HashText(&Sha256::digest(self.body.as_bytes()))
        );
        kinesis.ask("POST", "/", &extra, self.body.as_bytes())?;
        self.body.clear();
        self.records = 0;
        Ok(())
    }
}

struct HashText<'a>(&'a [u8]);

impl std::fmt::LowerHex for HashText<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<Delivered<'a>>,
}

#[derive(Deserialize)]
struct Delivered<'a> {
    #[serde(borrow)]
    kinesis: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    data: &'a str,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "event_id")]
    id: &'a str,
    customer_id: &'a str,
    #[serde(rename = "event_type")]
    kind: &'a str,
}

#[derive(Deserialize)]
struct Created {
    success: bool,
}

fn create(event: &[u8], salesforce: &mut Connection) -> io::Result<()> {
    let batch: Batch<'_> = serde_json::from_slice(event)?;
    let mut body = String::from("{\"allOrNone\":false,\"records\":[");
    let mut data = Vec::new();
    for (index, delivered) in batch.records.iter().enumerate() {
        data.clear();
        STANDARD
            .decode_vec(delivered.kinesis.data, &mut data)
            .map_err(io::Error::other)?;
        let event: Event<'_> = serde_json::from_slice(&data)?;
        body.push_str(if index > 0 { "," } else { "" });
        body.push_str("{\"attributes\":{\"type\":\"Case\"},\"Origin\":\"TT\",\"Priority\":\"Medium\",\"Subject\":\"");
        body.push_str(event.kind);
        body.push_str(" for customer ");
        body.push_str(event.customer_id);
        body.push_str("\",\"TT_Event_Id__c\":\"");
        body.push_str(event.id);
        body.push_str("\"}");
    }
    body.push_str("]}");
    let path = "/services/data/v62.0/composite/sobjects";
    let extra = "content-type: application/json\r\nauthorization: Bearer bench\r\n";
    let answer = salesforce.ask("POST", path, extra, body.as_bytes())?;
    let created: Vec<Created> = serde_json::from_slice(&answer)?;
    if created.iter().all(|created| created.success) {
        return Ok(());
    }
    Err(io::Error::other("not every Case was created"))
}
