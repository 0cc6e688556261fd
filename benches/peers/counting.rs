//! Measures a counted call and the same call counted with other crates, in one run.

#[path = "functions.rs"]
mod functions;

use tt_bench::{Case, awaits, calls, functions as ours, futures, measure, table};

fn main() {
    functions::set_up();
    let sync = [
        Case::new("not counted", calls!(ours::not_counted)),
        Case::new("limit: a thread-local cell", calls!(ours::thread_local)),
        Case::new("`#[count_outcome]`", calls!(ours::counted)),
        Case::new(
            "the same with `interrupted`",
            calls!(ours::counted_with_interrupted),
        ),
        Case::new("`#[count]`", calls!(ours::calls_counted)),
        Case::new(
            "one atomic that all threads share",
            calls!(ours::shared_atomic),
        ),
        Case::new("a map behind a mutex", calls!(ours::locked_map)),
        Case::new(
            "`metrics` 0.24 with `metrics_cloudwatch_embedded` 0.10",
            calls!(functions::metrics),
        ),
        Case::new(
            "`metrique` 0.1, one record per call, EMF discarded",
            calls!(functions::metrique),
        ),
        Case::new(
            "`#[autometrics]` 3.0 (includes latency), prometheus",
            calls!(functions::autometrics),
        ),
        Case::new(
            "`#[tracing::instrument]`, formatted and discarded",
            calls!(functions::instrument),
        ),
    ];
    println!("{}", table("a sync call", &measure(&sync)));
    let futures = [
        Case::new("not counted", awaits!(futures::not_counted)),
        Case::new("limit: a thread-local cell", awaits!(futures::thread_local)),
        Case::new("`#[count_outcome]`", awaits!(futures::counted)),
        Case::new(
            "the same with `interrupted`",
            awaits!(futures::counted_with_interrupted),
        ),
    ];
    println!("{}", table("an async call", &measure(&futures)));
}
