//! Measures how long a document of five metrics takes to render, compared with preformatted text.

use tt_bench::{Case, documents, measure, table};

#[expect(
    clippy::print_stdout,
    reason = "the table is the output of the benchmark"
)]
fn main() {
    let cases = [
        Case::new(
            "limit, measured a second time",
            documents::many_preformatted,
        ),
        Case::new(
            "limit: preformatted text and `itoa`",
            documents::many_preformatted,
        ),
        Case::new("`tt-metrics`", documents::many_rendered),
    ];
    println!("{}", table("a document of five metrics", &measure(&cases)));
}
