//! What a document of five metrics takes to render, beside text that is known when the program is built.

use tt_bench::{Case, documents, measure, table};

#[expect(
    clippy::print_stdout,
    reason = "the table is what the benchmark is for"
)]
fn main() {
    let cases = [
        Case::new(
            "a copy of the limit, for the noise",
            documents::many_preformatted,
        ),
        Case::new(
            "limit: text known beforehand, and `itoa`",
            documents::many_preformatted,
        ),
        Case::new("`tt-metrics`", documents::many_rendered),
    ];
    println!("{}", table("a document of five metrics", &measure(&cases)));
}
