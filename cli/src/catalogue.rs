//! `cargo tt catalogue`: every metric that the functions declare, and where.

use tt_metrics::Declared;
// What the linker leaves out is not in the catalogue.
use case_creation as _;
use tms_token_manager as _;
use tt_producer as _;

use crate::screen::{self, Look, Style};

/// Prints the catalogue.
pub fn run() {
    let mut declared: Vec<Declared<'_>> = tt_metrics::catalogue().collect();
    declared.sort_by_key(|one| (one.file, one.line, one.metric));
    screen::print_lines(&lines(&declared, &Look::of_stdout()));
}

fn lines(declared: &[Declared<'_>], look: &Look) -> Vec<String> {
    let rows = declared.iter().map(|one| {
        let function = one.function.rsplit("::").next().unwrap_or(one.function);
        [
            one.metric.to_owned(),
            one.meaning.as_str().to_owned(),
            function.to_owned(),
            format!("{}:{}", one.file, one.line),
        ]
    });
    let heading = ["metric", "counts", "of function", "declared at"].map(String::from);
    let rows: Vec<[String; 4]> = [heading].into_iter().chain(rows).collect();
    let mut widths = [0; 4];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("  {cell:width$}"));
            cells.collect::<String>().trim_end().to_owned()
        })
        .collect();
    if let Some(heading) = lines.first_mut() {
        *heading = look.paint(Style::Bold, heading);
    }
    lines
}
