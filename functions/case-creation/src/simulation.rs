//! TT events from an uploaded file to their Cases, against random faults.
//!
//! TT Producer puts them on a stream, and Case Creation takes them from it behind a simulated event
//! source mapping. Both are the real ones; Kinesis, Salesforce, the bucket and the other AWS services
//! stand in their process, and Case Creation runs in simulated time. Some scripts stop the process at a
//! random moment, in which everything has to be right, too, and go on in another one. A failing script
//! is shrunk to a small one and printed.

use std::{
    collections::BTreeSet,
    panic,
    sync::Once,
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};
use kinesis_consumer::simulate;
use proptest::{
    prelude::ProptestConfig,
    test_runner::{TestCaseError, TestRunner},
};

use crate::stand_in::{Outage, PROVOKED, StandIn};

mod delivery;
mod known;
mod producer;
mod script;
mod state;
mod stream;

use delivery::{Deliveries, TIMEOUT};
use producer::{Produced, produce};
use script::{Script, What};
use state::State;

/// What a script came to.
struct End {
    outside: StandIn,
    /// What the producer did, and the records that it left in the stream.
    produced: Produced,
    /// The state in which the first process was stopped.
    stopped: Option<State>,
    state: State,
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
    let produced = produce(script, start, &metrics);
    simulate(start, async |clock| {
        let outside = StandIn::within(clock);
        script.prepare(&mut outside.world(), start);
        let deliveries = Deliveries::new(script, clock, &outside);
        let state = || State::of(&outside.world(), deliveries.retryable(), &metrics);
        let run = deliveries.run(&produced.shards);
        let mut stopped = None;
        match script.stop {
            None => run.await,
            Some(after) => {
                if clock.timeout(after, run).await.is_err() {
                    stopped = Some(state());
                    deliveries.go_on(&produced.shards).await;
                }
            }
        }
        let (state, slowest) = (state(), deliveries.slowest());
        drop(deliveries);
        End {
            outside,
            produced,
            stopped,
            state,
            slowest,
        }
    })
}

impl End {
    /// What must be true whatever went wrong, when the process was stopped and at the end.
    fn check(&self) -> Result<(), String> {
        let mut violations = self.produced.violations();
        let records = &self.produced.records;
        if let Some(stopped) = &self.stopped {
            let then = stopped.violations(records, None);
            violations.extend(then.into_iter().map(|text| format!("when stopped, {text}")));
        }
        violations.extend(self.state.violations(records, self.stopped.as_ref()));
        if !self.state.retryable.is_empty() {
            let open = &self.state.retryable;
            violations.push(format!("the mapping ended, and {open:?} are not done"));
        }
        if self.slowest >= TIMEOUT {
            violations.push(format!("an invocation took {:?}", self.slowest));
        }
        if violations.is_empty() {
            Ok(())
        } else {
            Err(violations.join("\n"))
        }
    }
}

impl Produced {
    /// The producer counts each record of its files once, and what it calls published is what Kinesis
    /// acknowledged.
    fn violations(&self) -> Vec<String> {
        let Self {
            uploaded,
            received,
            published,
            failed,
            acknowledged,
            parked,
            ..
        } = self;
        let mut violations = Vec::new();
        if received != uploaded {
            violations.push(format!(
                "S3RecordsReceived is {received}, {uploaded} were uploaded"
            ));
        }
        if *received != published + failed {
            violations.push(format!(
                "S3RecordsReceived is {received}, TTEventPublished and TTEventFailed are {published} + {failed}"
            ));
        }
        if published != acknowledged {
            violations.push(format!(
                "TTEventPublished is {published}, Kinesis acknowledged {acknowledged}"
            ));
        }
        if failed != parked {
            violations.push(format!(
                "TTEventFailed is {failed}, the producer parked {parked}"
            ));
        }
        violations
    }
}
