//! Random scripts of calls, flushes, faults and last moments on several threads: each call that began is reported once.
//!
//! Counted functions run on real threads, and a script determines their steps. The counts that arrived at the sink and in the
//! log are then compared with the endings of the calls. A script that fails is shrunk to a small one.
//!
//! The simulation is a test module of this crate, not a crate under `tests`, because it drains the buffer of a capture
//! through a flusher and triggers the last moments, which are not public.

mod calls;
mod script;
mod simulation;
mod sink;
mod worker;

use proptest::{
    prelude::ProptestConfig,
    test_runner::{TestCaseError, TestError, TestRunner},
};

use calls::SITES;
use script::{End, Script};
use simulation::{Report, Simulation};

/// The number of scripts; the environment variable `TT_ENDINGS` overrides it.
const SCRIPTS: u32 = 300;

/// Whether each step waits until the previous step of any thread has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    OneByOne,
    AtOnce,
}

#[test]
fn every_call_that_began_is_reported_once_in_any_order_of_steps() {
    hold(Order::OneByOne);
}

#[test]
fn every_call_that_began_is_reported_once_when_threads_run_in_parallel() {
    hold(Order::AtOnce);
}

fn hold(order: Order) {
    let scripts = std::env::var("TT_ENDINGS").ok();
    let scripts = scripts.and_then(|number| number.parse().ok());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: scripts.unwrap_or(SCRIPTS),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    });
    let held = runner.run(&script::any(), |script| {
        play(&script, order).map_err(TestCaseError::fail)
    });
    match held {
        Ok(()) => {}
        Err(TestError::Fail(why, script)) => panic!("{why}, {order:?}, in {script:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn play(script: &Script, order: Order) -> Result<(), String> {
    let mut simulation = Simulation::new(script.delivery);
    for scheduled in &script.schedule {
        simulation.scheduled(scheduled.thread, scheduled.step);
        if order == Order::OneByOne {
            simulation.settle()?;
        }
    }
    simulation.settle()?;
    match script.end {
        End::Stopped => {
            // SIGTERM: the last moment, with calls and flushes in any state.
            simulation.last_moment();
            check(&simulation, script, Report::check_totals)?;
            simulation.close();
        }
        End::Finished => {
            simulation.close();
            simulation.flush();
            check(&simulation, script, Report::check_totals)?;
        }
    }
    Ok(())
}

/// Compares the reported outcomes of each function with the endings of its calls.
fn check(
    simulation: &Simulation,
    script: &Script,
    holds: fn(&Report, &Script) -> Result<(), String>,
) -> Result<(), String> {
    for (site, name) in SITES.into_iter().enumerate() {
        let reported = simulation.reported(site);
        holds(&reported, script).map_err(|why| format!("{why}: `{name}` {reported:?}"))?;
    }
    Ok(())
}
