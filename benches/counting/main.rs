//! Measures a counted call, a call that is not counted, and other ways of counting.

use tt_bench::{Case, awaits, calls, functions, futures, measure, table};

#[expect(
    clippy::print_stdout,
    reason = "the table is the output of the benchmark"
)]
fn main() {
    let sync = [
        Case::new("not counted", calls!(functions::not_counted)),
        Case::new(
            "limit: a thread-local cell",
            calls!(functions::thread_local),
        ),
        Case::new(
            "not counted, at another address",
            calls!(functions::not_counted_again),
        ),
        Case::new("`#[count_outcome]`", calls!(functions::counted)),
        Case::new(
            "the same with `interrupted`",
            calls!(functions::counted_with_interrupted),
        ),
        Case::new("`#[count]`", calls!(functions::calls_counted)),
        Case::new("shared atomic", calls!(functions::shared_atomic)),
        Case::new("map behind a mutex", calls!(functions::locked_map)),
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
