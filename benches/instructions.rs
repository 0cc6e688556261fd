//! How many instructions longer a counted call is: counted by callgrind, so the same on every machine.
//!
//! Fails when a call is longer than its bound, or when there is no valgrind.

use std::{
    env,
    error::Error,
    process::{Command, ExitCode},
};

use tt_bench::{Case, awaits, calls, functions, futures};

/// How many instructions a counted call may be longer than the same one not counted.
///
/// The functions do next to nothing and call nothing, which is the worst case: one that has to save registers anyway
/// saves none for the count.
const BOUNDS: [Bound; 8] = [
    Bound {
        counted: Case::new("a sync call", calls!(functions::counted)),
        not_counted: NOT_COUNTED,
        instructions: 10,
    },
    // One more store, at the beginning, and the cells are found there: at the end they are known.
    Bound {
        counted: Case::new(
            "a sync call, `interrupted` too",
            calls!(functions::counted_with_interrupted),
        ),
        not_counted: NOT_COUNTED,
        instructions: 12,
    },
    Bound {
        counted: Case::new("a call by `#[count]`", calls!(functions::calls_counted)),
        not_counted: NOT_COUNTED,
        instructions: 10,
    },
    // Three of them look after the marks of bodies, which is what makes the future no larger.
    Bound {
        counted: Case::new("an async call", awaits!(futures::counted)),
        not_counted: ASYNC_NOT_COUNTED,
        instructions: 10,
    },
    Bound {
        counted: Case::new(
            "an async call, `interrupted` too",
            awaits!(futures::counted_with_interrupted),
        ),
        not_counted: ASYNC_NOT_COUNTED,
        instructions: 17,
    },
    // What two registers cannot hold is with the caller before it is counted.
    Bound {
        counted: Case::new("a call that returns text", calls!(functions::text_counted)),
        not_counted: TEXT_NOT_COUNTED,
        instructions: 12,
    },
    // What the function is given is saved for the rare case that its thread has no cells yet.
    Bound {
        counted: Case::new(
            "the same, `interrupted` too",
            calls!(functions::text_counted_with_interrupted),
        ),
        not_counted: TEXT_NOT_COUNTED,
        instructions: 19,
    },
    Bound {
        counted: Case::new(
            "a call that returns 128 bytes",
            calls!(functions::large_counted),
        ),
        not_counted: Case::new(
            "a call that returns 128 bytes, not counted",
            calls!(functions::large_not_counted),
        ),
        instructions: 8,
    },
];

const NOT_COUNTED: Case = Case::new("a sync call, not counted", calls!(functions::not_counted));

const ASYNC_NOT_COUNTED: Case =
    Case::new("an async call, not counted", awaits!(futures::not_counted));

const TEXT_NOT_COUNTED: Case = Case::new(
    "a call that returns text, not counted",
    calls!(functions::text_not_counted),
);

struct Bound {
    counted: Case,
    not_counted: Case,
    instructions: u64,
}

/// Calls of the shorter run; the longer one makes twice as many.
const CALLS: u64 = 10_000;

/// What this program runs instead, below callgrind: the name of a case and a number of calls.
const CASE: &str = "TT_BENCH_CASE";

#[expect(clippy::print_stderr, reason = "it reports to a person")]
fn main() -> ExitCode {
    if let Ok(case) = env::var(CASE) {
        run(&case);
        return ExitCode::SUCCESS;
    }
    match BOUNDS
        .iter()
        .try_fold(true, |kept, bound| Ok(kept & check(bound)?))
    {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let error: Box<dyn Error> = error;
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the bound is kept.
#[expect(clippy::print_stdout, reason = "it reports to a person")]
fn check(bound: &Bound) -> Result<bool, Box<dyn Error>> {
    let Bound {
        counted,
        not_counted,
        instructions: most,
    } = bound;
    let instructions_of_one = instructions(*counted)?;
    let more = instructions_of_one.saturating_sub(instructions(*not_counted)?);
    let kept = more <= *most;
    let verdict = if kept { "" } else { ": TOO MANY" };
    println!(
        "{:<31} {instructions_of_one:>3} instructions, {more:>2} more than not counted, of at most {most}{verdict}",
        counted.name
    );
    Ok(kept)
}

fn run(request: &str) {
    let Some((name, calls)) = request.split_once('=') else {
        return;
    };
    let mut cases = BOUNDS
        .iter()
        .flat_map(|bound| [bound.counted, bound.not_counted]);
    if let (Some(case), Ok(calls)) = (cases.find(|case| case.name == name), calls.parse()) {
        (case.calls)(calls);
    }
}

/// Instructions of one call: the difference of two runs, so what the process does besides does not matter.
fn instructions(case: Case) -> Result<u64, Box<dyn Error>> {
    let more = collected(case, 2 * CALLS)?.saturating_sub(collected(case, CALLS)?);
    Ok(more / CALLS)
}

fn collected(case: Case, calls: u64) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .env(CASE, format!("{}={calls}", case.name))
        .output()
        .map_err(|error| format!("valgrind is needed and did not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said
        .lines()
        .find_map(|line| line.split_once("Collected :"))
        .ok_or_else(|| format!("callgrind did not say what it collected: {said}"))?;
    Ok(collected.1.trim().parse()?)
}
