//! `cargo tt catalogue`: lists every metric that the functions, or a program, declare.

use std::{fs, path::Path};

use tt_metrics::catalogue::Entry;

use super::error::Error;
use crate::terminal::screen::{self, Style, Terminal};

/// The column of the dimensions.
const DIMENSIONS: usize = 3;

/// Prints the catalogue of a program's file, or of the functions of this workspace, which are linked by
/// [`report::metrics`](crate::report::metrics).
pub(super) fn run(program: Option<&Path>) -> Result<(), Error> {
    let Some(path) = program else {
        print(tt_metrics::catalogue().collect());
        return Ok(());
    };
    let file = fs::read(path).map_err(|source| Error::ReadProgram {
        path: path.into(),
        source,
    })?;
    let entries = tt_metrics::catalogue::read(&file).map_err(|source| Error::Catalogue {
        path: path.into(),
        source,
    })?;
    print(entries);
    Ok(())
}

fn print(mut entries: Vec<Entry<'_>>) {
    entries.sort_by_key(|entry| (entry.file, entry.line, entry.metric));
    screen::print_lines(&lines(&entries, &Terminal::of_stdout()));
}

/// The dimension sets of a metric besides its total: names joined by `x`, sets by a comma.
fn dimensions(entry: &Entry<'_>) -> String {
    let sets = entry.dimensions.iter().filter(|set| !set.is_empty());
    let names = sets.map(|set| {
        let names: Vec<&str> = set.iter().map(|dimension| dimension.name).collect();
        names.join(" x ")
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The unit, and the storage resolution if it is not a minute.
fn unit(entry: &Entry<'_>) -> String {
    match entry.resolution.seconds() {
        60 => entry.unit.to_owned(),
        seconds => format!("{}, {seconds} s", entry.unit),
    }
}

fn lines(entries: &[Entry<'_>], terminal: &Terminal) -> Vec<String> {
    let rows = entries.iter().map(|entry| {
        let function = entry.function.rsplit("::").next();
        [
            entry.metric.to_owned(),
            unit(entry),
            entry.meaning.as_str().to_owned(),
            dimensions(entry),
            function.unwrap_or(entry.function).to_owned(),
            format!("{}:{}", entry.file, entry.line),
        ]
    });
    let heading = [
        "metric",
        "unit",
        "counts",
        "by",
        "of function",
        "declared at",
    ]
    .map(String::from);
    let mut rows: Vec<Vec<String>> = [heading].into_iter().chain(rows).map(Vec::from).collect();
    // Most programs have no dimensions.
    if rows
        .iter()
        .skip(1)
        .all(|row| row.get(DIMENSIONS).is_none_or(String::is_empty))
    {
        for row in &mut rows {
            row.remove(DIMENSIONS);
        }
    }
    let columns = rows.first().map_or(0, Vec::len);
    let width_of = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(String::len)
            .max()
    };
    let widths: Vec<usize> = (0..columns).filter_map(width_of).collect();
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&widths);
            let cells = cells.map(|(cell, width)| format!("  {cell:width$}"));
            cells.collect::<String>().trim_end().to_owned()
        })
        .collect();
    if let Some(heading) = lines.first_mut() {
        *heading = terminal.paint(Style::Bold, heading);
    }
    lines
}
