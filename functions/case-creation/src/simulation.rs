//! TT events from their publisher to their Cases, against random faults.
//!
//! The publisher of TT Producer puts them on a stream, and Case Creation takes them from it behind a
//! simulated event source mapping. Both are the real ones; Kinesis, Salesforce, the bucket and the other AWS
//! services stand in their process, and Case Creation runs in simulated time. A failing script is shrunk to a small one and printed.

use std::{
    cell::Cell,
    collections::BTreeSet,
    panic,
    sync::Once,
    time::{Duration, SystemTime},
};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use kinesis_consumer::{Clock, Deadline, simulate};
use kinesis_mapping::{Mapping, Shard};
use proptest::{
    prelude::ProptestConfig,
    test_runner::{TestCaseError, TestRunner},
};
use serde_json::{Value, json};

use crate::{
    CaseCreation, Config, Event,
    stand_in::{Outage, PROVOKED, StandIn},
};

mod known;
mod producer;
mod script;

use producer::{Produced, produce};
use script::{Script, What};

const RECORD_AGE: Duration = Duration::from_hours(1);
const TIMEOUT: Duration = Duration::from_mins(2);

/// What a script came to.
struct End {
    outside: StandIn,
    created: u64,
    failed: u64,
    /// What the producer did, and the records that it left in the stream.
    produced: Produced,
    /// The longest invocation.
    slowest: Duration,
}

#[test]
fn every_record_ends_as_one_case_or_parked_and_is_counted_once() {
    hide_provoked_panics();
    let cases = std::env::var("TT_SIMULATIONS")
        .ok()
        .and_then(|n| n.parse().ok());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: cases.unwrap_or(150),
        failure_persistence: None,
        max_shrink_iters: 3000,
        ..ProptestConfig::default()
    });
    let result = runner.run(&script::scripts(), |script| {
        let end = run(&script);
        end.check().map_err(TestCaseError::fail)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Panics that a script asks for need no report.
fn hide_provoked_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let provoked = info.payload_as_str().is_some_and(|text| text == PROVOKED);
            if !provoked {
                report(info);
            }
        }));
    });
}

fn run(script: &Script) -> End {
    let metrics = tt_metrics::capture();
    // The jitter of the retries is part of the script.
    fastrand::seed(7);
    // Signatures and secrets know the real time, so that is where the simulation begins.
    let start = Timestamp::try_from(SystemTime::now()).unwrap();
    let start = start.round(jiff::Unit::Second).unwrap();
    let produced = produce(script, start);
    let (outside, slowest) = simulate(start, async |clock| {
        let outside = StandIn::within(clock);
        script.prepare(&mut outside.world(), start);
        let slowest = deliver(script, clock, &outside, &produced.shards).await;
        (outside, slowest)
    });
    End {
        outside,
        created: metrics.count("SFCaseCreated"),
        failed: metrics.count("SFCaseFailed"),
        produced,
        slowest,
    }
}

/// Runs all shards at once, as Lambda does, and what they discard.
/// Returns the time of the longest invocation.
async fn deliver(script: &Script, clock: Clock, outside: &StandIn, shards: &[Shard]) -> Duration {
    let config = Config::from_lookup(|name| match name {
        "PARKING_BUCKET" => Some("bucket".to_owned()),
        "MAX_RECORD_AGE_SECONDS" => Some(RECORD_AGE.as_secs().to_string()),
        "CASE_MAPPING" | "SALESFORCE_API_VERSION" => None,
        other => Some(other.to_lowercase()),
    });
    let aws = outside.aws_within();
    let function =
        CaseCreation::with(config.unwrap(), &aws, Some(outside.connector()), clock).unwrap();
    let mapping = Mapping {
        batch_size: script.batch_size,
        retry_attempts: script.attempts,
        record_age: Some(RECORD_AGE),
        bisect: script.bisect,
        report_failures: true,
        timeout: TIMEOUT,
        pause: Duration::from_secs(1),
        lost_answers: script.lost_answers.clone(),
    };
    let slowest = Cell::new(Duration::ZERO);
    let handle = async |event: Value| {
        let event: Event = serde_json::from_str(&event.to_string()).unwrap();
        let begun = clock.monotonic();
        let result = function
            .handle(event, Deadline::after(TIMEOUT, clock))
            .await;
        let took = clock.monotonic().saturating_sub(begun);
        slowest.set(slowest.get().max(took));
        result.map_err(|error| error.to_string())
    };
    let invoke = async |event| {
        let summary = handle(event).await?;
        Ok(serde_json::to_value(summary.response).unwrap())
    };
    let discard = async |record: Value| {
        let number = outside.world().objects.len();
        let key = format!("aws/lambda/mapping/shard/2026/01/01/{number}");
        let content = record.to_string().into_bytes();
        outside.world().objects.insert(key.clone(), content);
        let record = json!({"eventSource": "aws:s3",
            "s3": {"bucket": {"name": "bucket"}, "object": {"key": key}}});
        let event = json!({ "Records": [record] });
        // S3 notifies at least once, and Lambda repeats what fails.
        for _ in 0..2 {
            while handle(event.clone()).await.is_err() {
                clock.sleep(Duration::from_mins(1)).await;
            }
        }
    };
    let runs = shards
        .iter()
        .map(|shard| mapping.run(clock, shard, &invoke, &discard));
    join_all(runs).await;
    slowest.get()
}

impl End {
    /// What must be true whatever went wrong. No record is still to be delivered: the mapping ends
    /// when each is done or discarded.
    fn check(&self) -> Result<(), String> {
        self.check_producer()?;
        let world = self.outside.world();
        let parked_as = |name: &str| format!("parked/case-creation/{name}.json");
        for (sent, name) in &self.produced.records {
            let (case, parked) = (
                world.cases.contains_key(name),
                world.parked.contains_key(&parked_as(name)),
            );
            let may_be_case = matches!(sent.what, What::Event | What::Copy);
            // A copy that comes after its event was given up has a chance of its own.
            let both = case && parked && sent.what != What::Copy;
            if both || !(case || parked) || (case && !may_be_case) {
                return Err(format!("{sent:?} is a Case: {case}, is parked: {parked}"));
            }
        }
        let names: BTreeSet<_> = self.produced.records.iter().map(|(_, name)| name).collect();
        let known = |key: &String| names.iter().any(|name| *key == parked_as(name));
        if !world.cases.keys().all(|id| names.contains(id)) || !world.parked.keys().all(known) {
            return Err("there is a Case or a parked record of nothing".to_owned());
        }
        let distinct: BTreeSet<_> = world.described.iter().collect();
        if distinct.len() != world.described.len() {
            return Err(format!("a Case stands twice: {:?}", world.described));
        }
        let counted = (self.created, self.failed);
        let there = (world.cases.len() as u64, world.parked.len() as u64);
        if counted != there {
            return Err(format!(
                "counted {counted:?} Cases and failures, there are {there:?}"
            ));
        }
        if self.slowest >= TIMEOUT {
            return Err(format!("an invocation took {:?}", self.slowest));
        }
        Ok(())
    }

    /// The producer counts each record once, and what it calls published is in the stream.
    fn check_producer(&self) -> Result<(), String> {
        let Produced {
            received,
            published,
            failed,
            disagreement,
            ..
        } = &self.produced;
        if *received != published + failed {
            return Err(format!("received {received}, {published} + {failed} ended"));
        }
        disagreement.clone().map_or(Ok(()), Err)
    }
}
