//! The table: what one call costs, and how many times that of a baseline.

use std::fmt::Write as _;

use crate::Measured;

/// A table in Markdown; ratios are those to the second case, the first one's neighbour being the limit.
pub fn table(title: &str, measured: &[Measured]) -> String {
    let limit = measured.get(1).map_or(f64::NAN, |limit| limit.alone);
    let mut text = format!(
        "| {title} | 1 thread, ns | of the limit | 2 threads, ns | of 1 thread |\n|---|---|---|---|---|\n"
    );
    for Measured {
        case,
        alone,
        together,
    } in measured
    {
        let _infallible = writeln!(
            text,
            "| {} | {alone:.2} | {:.2}x | {together:.2} | {:.2}x |",
            case.name,
            alone / limit,
            together / alone,
        );
    }
    text
}
