//! Whatever the order of calls, flushes, faults and last moments on several threads: each call that began is told once.
//!
//! Real counted functions run on real threads, and a script says what each of them does next. What arrived at the sink
//! and in the log is then compared with what the functions did. A script that fails is shrunk to a small one.

mod actor;
mod calls;
mod script;
mod stage;
mod wire;

use proptest::{
    prelude::ProptestConfig,
    test_runner::{TestCaseError, TestError, TestRunner},
};

use calls::SITES;
use script::{End, Script};
use stage::{Stage, Told};

/// How many scripts are tried, unless `TT_ENDINGS` says otherwise.
const SCRIPTS: u32 = 300;

/// Whether a step begins only when the one before it, of whichever thread, is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    OneByOne,
    AtOnce,
}

#[test]
fn every_call_that_began_is_told_once_in_any_order_of_steps() {
    hold(Order::OneByOne);
}

#[test]
fn every_call_that_began_is_told_once_when_threads_run_at_once() {
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
    let mut stage = Stage::new(script.delivery);
    for cue in &script.cues {
        stage.cue(cue.thread, cue.step);
        if order == Order::OneByOne {
            stage.settle()?;
        }
    }
    stage.settle()?;
    match script.end {
        End::Stopped => {
            // SIGTERM: nothing comes after this, and calls and flushes are where they are.
            stage.last_moment();
            check(&stage, script, Told::in_full)?;
            stage.close();
        }
        End::Finished => {
            stage.close();
            stage.flush();
            check(&stage, script, Told::in_full)?;
        }
    }
    Ok(())
}

/// Compares what was told with what happened, for each function.
fn check(
    stage: &Stage,
    script: &Script,
    holds: fn(&Told, &Script) -> Result<(), String>,
) -> Result<(), String> {
    for (site, name) in SITES.into_iter().enumerate() {
        let told = stage.told(site);
        holds(&told, script).map_err(|why| format!("{why}: `{name}` {told:?}"))?;
    }
    Ok(())
}
