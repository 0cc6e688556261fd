//! Prints the measured costs as a table.

use std::fmt::Write as _;

use crate::Measured;

/// A table in Markdown. The second case is the limit to which all others are compared.
pub fn table(title: &str, measured: &[Measured]) -> String {
    let limit = measured.get(1);
    let alone_at_best = limit.map_or(f64::NAN, |limit| limit.alone);
    let together_at_best = limit.map_or(f64::NAN, |limit| limit.together);
    let mut text = format!(
        "| {title} | 1 thread | of the limit | 2 threads at once | of the limit |\n|---|---|---|---|---|\n"
    );
    for Measured {
        case,
        alone,
        together,
    } in measured
    {
        let _infallible = writeln!(
            text,
            "| {} | {alone:.2} ns | {:.2}x | {together:.2} ns | {:.2}x |",
            case.name,
            alone / alone_at_best,
            together / together_at_best,
        );
    }
    text
}
