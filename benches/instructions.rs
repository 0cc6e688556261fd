//! Checks how many instructions the counting adds to a call. Callgrind counts them, so the result is the same on every machine.
//!
//! The benchmark fails if a call exceeds its bound or if valgrind is not installed.

use std::{
    env,
    error::Error,
    process::{Command, ExitCode},
};

use tt_bench::{Case, awaits, calls, functions, futures};

/// The number of instructions that counting may add to a call.
///
/// The functions are leaf functions with little work, which is the worst case: a function that saves registers for its own calls saves
/// none for the count.
const BOUNDS: [Bound; 8] = [
    Bound {
        counted: Case::new("a sync call", calls!(functions::counted)),
        not_counted: NOT_COUNTED,
        instructions: 10,
    },
    // One more store, at the beginning. The cells are found there and kept until the end of the call.
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
    // Three instructions maintain the marker of the running body, which keeps the future as small as the plain one.
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
    // The result does not fit into two registers, so it is in the memory of the caller before the call is counted.
    Bound {
        counted: Case::new("a call that returns text", calls!(functions::text_counted)),
        not_counted: TEXT_NOT_COUNTED,
        instructions: 12,
    },
    // The arguments are saved for the rare case that the thread has no cells yet.
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

/// The variable with the name of a case and a number of calls, which this program runs below callgrind.
const CASE: &str = "TT_BENCH_CASE";

#[expect(
    clippy::print_stderr,
    reason = "the report is the output of the benchmark"
)]
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

/// Whether the number of instructions is within the bound.
#[expect(
    clippy::print_stdout,
    reason = "the report is the output of the benchmark"
)]
fn check(bound: &Bound) -> Result<bool, Box<dyn Error>> {
    let Bound {
        counted,
        not_counted,
        instructions: limit,
    } = bound;
    let instructions_of_one = instructions(*counted)?;
    let more = instructions_of_one.saturating_sub(instructions(*not_counted)?);
    let kept = more <= *limit;
    let verdict = if kept { "" } else { ": TOO MANY" };
    println!(
        "{:<31} {instructions_of_one:>3} instructions, {more:>2} more than not counted, at most {limit} allowed{verdict}",
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

/// The instructions of one call: the difference of two runs divided by the calls, so the start of the process is not included.
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
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report
        .lines()
        .find_map(|line| line.split_once("Collected :"))
        .ok_or_else(|| format!("callgrind did not report the number of instructions: {report}"))?;
    Ok(collected.1.trim().parse()?)
}
