//! One run of a script, and what must be true at its end.

use std::{
    panic,
    sync::Once,
    time::{Duration, SystemTime},
};

use case_services::Services;
use jiff::Timestamp;
use proptest::{
    prelude::ProptestConfig,
    test_runner::{TestCaseError, TestRunner},
};
use salesforce_stand_in::PANIC_MESSAGE;
use simulated_time::simulate;

use crate::{
    delivery::{Deliveries, TIMEOUT},
    producer::{Produced, produce},
    script::{self, Script},
    state::State,
};

/// The result of a script.
pub(crate) struct End {
    pub(crate) services: Services,
    /// The counts of the producer, and the records in the stream.
    pub(crate) produced: Produced,
    /// The state in which the first process was stopped.
    pub(crate) stopped: Option<State>,
    pub(crate) state: State,
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

/// Suppresses the reports of panics that a script provokes.
pub(crate) fn hide_provoked_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let provoked = info
                .payload_as_str()
                .is_some_and(|text| text == PANIC_MESSAGE);
            if !provoked {
                report(info);
            }
        }));
    });
}

pub(crate) fn run(script: &Script) -> End {
    let metrics = tt_metrics::capture();
    // The jitter of the retries must be the same in each run of a script.
    fastrand::seed(7);
    // Signatures contain the real time, so the simulation begins there.
    let start = Timestamp::try_from(SystemTime::now()).unwrap();
    let start = start.round(jiff::Unit::Second).unwrap();
    let produced = produce(script, start, &metrics);
    simulate(start, async |clock| {
        let services = Services::within(clock);
        script.prepare(&services, start);
        let deliveries = Deliveries::new(script, clock, &services);
        let state = || State::of(&services, deliveries.retryable(), &metrics);
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
            services,
            produced,
            stopped,
            state,
            slowest,
        }
    })
}

impl End {
    /// Checks the state when the process was stopped, and at the end.
    pub(crate) fn check(&self) -> Result<(), String> {
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
    /// The producer counts each record of its files once, and publishes what Kinesis acknowledged.
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
