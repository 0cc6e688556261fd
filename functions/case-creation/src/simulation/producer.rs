//! The producer of a script: the real publisher of TT Producer, against a stream that fails.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use kinesis_batch::{Aggregate, Backoff, Entry, Limits, Stream, deaggregate};
use kinesis_mapping::Shard;
use serde_json::{Value, json};
use tt_event::{Json, Source, TtEvent};

use super::script::{Script, Sent, What};

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

/// What the producer did, and what is in the stream after it.
#[derive(Debug, Default)]
pub(crate) struct Produced {
    pub(crate) shards: Vec<Shard>,
    /// The records in the stream, with what each would be parked as.
    pub(crate) records: Vec<(Sent, String)>,
    pub(crate) received: u64,
    pub(crate) published: u64,
    pub(crate) failed: u64,
    /// Whatever the producer's counts and the stream disagree about.
    pub(crate) disagreement: Option<String>,
}

/// Records that share a Kinesis record.
struct Group {
    at: Timestamp,
    members: Vec<(usize, Sent, Vec<u8>)>,
}

/// A stream within the process.
#[derive(Debug, Clone, Default)]
struct InProcess(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    now: Timestamp,
    shards: Vec<Shard>,
    faults: VecDeque<PutFault>,
    /// The data of each group.
    sent: Vec<Vec<u8>>,
    /// Where each group was stored.
    stored: Vec<Vec<Place>>,
    /// Groups that were stored without an answer.
    in_doubt: BTreeSet<usize>,
}

/// A sequence number, and the place in the Kinesis record where the publisher aggregated.
type Place = (String, Option<usize>);

/// Publishes the records of a script.
pub(crate) fn produce(script: &Script, start: Timestamp) -> Produced {
    let groups = groups(script, start);
    let entry = |group: (usize, &Group)| Group::entry(group, script.aggregate);
    let entries: Vec<Entry> = groups.iter().enumerate().map(entry).collect();
    let world = InProcess::default();
    {
        let mut world = world.world();
        world.shards = (0..2).map(Shard::new).collect();
        world.faults = script.stream.iter().copied().collect();
        world.sent = entries.iter().map(|entry| entry.data.clone()).collect();
        world.stored = vec![Vec::new(); groups.len()];
    }
    let stream = world.stream(script.aggregate);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut produced = Produced::default();
    let mut first = 0;
    // What comes at one moment goes into one request.
    for together in groups.chunk_by(|a, b| a.at == b.at) {
        world.world().now = together[0].at;
        let end = first + together.len();
        let fates = runtime.block_on(stream.put(&entries[first..end], None));
        for (index, fate) in (first..end).zip(fates) {
            let world = world.world();
            let (stored, in_doubt) = (&world.stored[index], world.in_doubt.contains(&index));
            // A request that was done, and whose every answer was lost, is all that cannot be known.
            if fate.is_ok() == stored.is_empty() && !(in_doubt && fate.is_err()) {
                let times = stored.len();
                produced.disagreement = Some(format!("{fate:?}, but stored {times} times"));
            }
            produced.account(&groups[index], fate.is_ok(), stored);
        }
        first = end;
    }
    produced.shards = world.world().shards.clone();
    produced
}

impl Produced {
    fn account(&mut self, group: &Group, published: bool, stored: &[Place]) {
        let members = group.members.len() as u64;
        self.received += members;
        if published {
            self.published += members;
        } else {
            self.failed += members;
        }
        let is_one = group.members.len() == 1;
        for (number, part) in stored {
            for (member, (index, sent, _)) in group.members.iter().enumerate() {
                let name = match (sent.what, part) {
                    (What::Rubbish, Some(part)) => format!("{number}-{part}"),
                    (What::Rubbish, None) if is_one => number.clone(),
                    (What::Rubbish, None) => format!("{number}-{member}"),
                    _ => event(*index, sent).event_id.to_string(),
                };
                let mut sent = sent.clone();
                if stored.len() > 1 && sent.what == What::Event {
                    sent.what = What::Copy;
                }
                self.records.push((sent, name));
            }
        }
    }
}

impl Group {
    fn entry((index, group): (usize, &Self), aggregate: bool) -> Entry {
        let [(_, sent, data), rest @ ..] = group.members.as_slice() else {
            panic!("a group of nothing");
        };
        let key = if aggregate {
            format!("{}-", sent.shard)
        } else {
            format!("{}-{index}", sent.shard)
        };
        if rest.is_empty() {
            return Entry::new(key, data.clone());
        }
        let mut aggregate = Aggregate::new(1 << 20);
        for (_, _, data) in &group.members {
            assert!(aggregate.push(&Entry::new("customer", data.clone())));
        }
        Entry::new(key, aggregate.into_entry().data)
    }
}

fn groups(script: &Script, start: Timestamp) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut now = start;
    for (index, sent) in script.records.iter().enumerate() {
        let last = groups.last().and_then(|group| group.members.last());
        let joined = sent.joined
            && !script.aggregate
            && last.is_some_and(|(_, last, _)| last.shard == sent.shard);
        // A copy is one of the event before it.
        let of = match (sent.what, last) {
            (What::Copy, Some((of, _, _))) if joined => *of,
            _ => index,
        };
        let data = match sent.what {
            // No two alike, so that each can be told in an aggregate.
            What::Rubbish => format!("{{no event {index}").into_bytes(),
            _ => event(of, sent).encode(),
        };
        let member = (of, sent.clone(), data);
        if let (true, Some(group)) = (joined, groups.last_mut()) {
            group.members.push(member);
            continue;
        }
        now += SignedDuration::from_secs(sent.gap);
        let times = if sent.what == What::Copy { 2 } else { 1 };
        groups.extend((0..times).map(|_| Group {
            at: now,
            members: vec![member.clone()],
        }));
    }
    groups
}

fn event(index: usize, sent: &Sent) -> TtEvent {
    let source = Source::new("bucket", "incoming/a.csv", "v1", index as u64);
    let mut event = TtEvent::new(source, "2026-01-01T00:00:00Z", "r", "c", "kyc_review");
    // So that two Cases of one event are seen, whatever their external ids.
    event.details = Some(Json::from_text(&index.to_string()));
    if sent.what == What::TooLong {
        event.subject = Some(Json::from_text(&"x".repeat(300)));
    }
    event
}

impl InProcess {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    fn stream(&self, aggregate: bool) -> Stream {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_kinesis::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url("http://kinesis.invalid")
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let client = aws_sdk_kinesis::Client::from_conf(config);
        Stream::new(&client, "tt-events").with_limits(Limits {
            attempts: 3,
            aggregate,
            backoff: Backoff {
                base: Duration::ZERO,
                cap: Duration::ZERO,
            },
            ..Limits::default()
        })
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let body = ByteStream::new(request.into_body()).collect().await;
        let request: Value = serde_json::from_slice(&body.unwrap().into_bytes()).unwrap();
        let (status, answer) = self.world().put_records(&request);
        let status = StatusCode::try_from(status).unwrap();
        Ok(HttpResponse::new(status, SdkBody::from(answer.to_string())))
    }
}

impl World {
    fn put_records(&mut self, request: &Value) -> (u16, Value) {
        let fault = self.faults.pop_front().unwrap_or(PutFault::None);
        let failed = (500, json!({"__type": "InternalFailure"}));
        if matches!(fault, PutFault::Fail) {
            return failed;
        }
        let records = request["Records"].as_array().unwrap();
        let mut results = Vec::new();
        let mut taken = BTreeSet::new();
        for (place, record) in records.iter().enumerate() {
            if matches!(fault, PutFault::RefuseSome(mask) if (mask >> (place % 8)) & 1 == 1) {
                results
                    .push(json!({"ErrorCode": "InternalFailure", "ErrorMessage": "by the test"}));
                continue;
            }
            let key = record["PartitionKey"].as_str().unwrap();
            let (shard, group) = place_of(key);
            let data = STANDARD.decode(record["Data"].as_str().unwrap()).unwrap();
            let number = self.shards[shard].put(self.now, key, &data);
            let id = format!("shardId-{shard:012}");
            results.push(json!({"SequenceNumber": number, "ShardId": id}));
            let parts = deaggregate(&data).unwrap().unwrap_or_default();
            let mut group_of = |data: &[u8]| {
                let is_it = |&group: &usize| self.sent[group] == data && taken.insert(group);
                (0..self.sent.len()).find(is_it).unwrap()
            };
            let stored: Vec<_> = match group {
                Some(group) => vec![(group, None)],
                None if parts.is_empty() => vec![(group_of(&data), None)],
                None => {
                    let groups = parts.iter().map(|part| group_of(part.data));
                    groups.zip((0..).map(Some)).collect()
                }
            };
            for (group, part) in stored {
                self.stored[group].push((number.clone(), part));
                if matches!(fault, PutFault::StoreThenFail) {
                    self.in_doubt.insert(group);
                }
            }
        }
        if matches!(fault, PutFault::StoreThenFail) {
            return failed;
        }
        let refused = results.iter().filter(|r| r.get("ErrorCode").is_some());
        (
            200,
            json!({"FailedRecordCount": refused.count(), "Records": results}),
        )
    }
}

/// The shard that a partition key names, and the group, unless groups share the key to be aggregated.
fn place_of(key: &str) -> (usize, Option<usize>) {
    let (shard, group) = key.split_once('-').unwrap();
    (shard.parse().unwrap(), group.parse().ok())
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}
