//! `cargo tt catalogue`: every metric that the functions declare, and where.

use std::{fs, path::Path};

use tt_metrics::catalogue::Entry;
// What the linker leaves out is not in the catalogue.
use case_creation as _;
use tms_token_manager as _;
use tt_producer as _;

use crate::{
    error::Error,
    screen::{self, Look, Style},
};

/// Prints the catalogue of a program's file, or of the functions of this workspace.
///
/// # Errors
///
/// When the file can't be read or holds no catalogue.
pub fn run(program: Option<&Path>) -> Result<(), Error> {
    let Some(path) = program else {
        print(tt_metrics::catalogue().collect());
        return Ok(());
    };
    let file = fs::read(path).map_err(|source| Error::ReadProgram {
        path: path.into(),
        source,
    })?;
    let declared = tt_metrics::catalogue::read(&file).map_err(|source| Error::Catalogue {
        path: path.into(),
        source,
    })?;
    print(declared);
    Ok(())
}

fn print(mut declared: Vec<Entry<'_>>) {
    declared.sort_by_key(|one| (one.file, one.line, one.metric));
    screen::print_lines(&lines(&declared, &Look::of_stdout()));
}

/// The dimension sets of a metric beside its sum: names joined by `x`, sets by a comma.
fn dimensions(declared: &Entry<'_>) -> String {
    let sets = declared.dimensions.iter().filter(|set| !set.is_empty());
    let names = sets.map(|set| {
        let names: Vec<&str> = set.iter().map(|dimension| dimension.name).collect();
        names.join(" x ")
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The unit, and how fine it is stored where that is by the second.
fn unit(declared: &Entry<'_>) -> String {
    match declared.resolution.seconds() {
        60 => declared.unit.to_owned(),
        seconds => format!("{}, {seconds} s", declared.unit),
    }
}

fn lines(declared: &[Entry<'_>], look: &Look) -> Vec<String> {
    let rows = declared.iter().map(|one| {
        let function = one.function.rsplit("::").next().unwrap_or(one.function);
        [
            one.metric.to_owned(),
            unit(one),
            one.meaning.as_str().to_owned(),
            dimensions(one),
            function.to_owned(),
            format!("{}:{}", one.file, one.line),
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
    let rows: Vec<[String; 6]> = [heading].into_iter().chain(rows).collect();
    let mut widths = [0; 6];
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
