//! `cargo tt catalogue`: lists every metric that the functions, or programs, declare, and compares them with a template.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{error::Error, sources::Sources};
use crate::{
    args::{self, Format},
    catalogue::{Catalogue, Declared},
    monitoring::{check, cost::Cost},
    terminal::screen::{self, Style, Terminal},
};

/// The column of the dimensions.
const DIMENSIONS: usize = 3;
/// The document that is checked if none is named.
const README: &str = "README.md";

/// Prints the catalogue of the programs, or of the functions of this workspace.
pub(super) fn run(args: &args::Catalogue) -> Result<(), Error> {
    let (settings, namespace) = (args.settings.as_deref(), args.namespace.as_deref());
    let sources = Sources::read(&args.programs, settings, args.check.as_deref(), namespace)?;
    let findings = match &args.check {
        Some(template) => Some(findings(&sources, template, &args.docs)?),
        None => None,
    };
    let catalogue = &sources.catalogue;
    match args.format {
        Format::Table => {
            let terminal = Terminal::of_stdout();
            let mut lines = table(catalogue, &terminal);
            lines.extend(findings.iter().flatten().map(|finding| {
                format!(
                    "  {} {finding}",
                    terminal.paint(Style::Red, terminal.glyph("✗", "NO"))
                )
            }));
            screen::print_lines(&lines);
        }
        Format::Markdown => {
            let mut lines = markdown(catalogue);
            lines.extend(
                findings
                    .iter()
                    .flatten()
                    .map(|finding| format!("- {finding}")),
            );
            screen::print_lines(&lines);
        }
        Format::Json => {
            let mut value = json(catalogue);
            if let (Some(findings), Some(fields)) = (&findings, value.as_object_mut()) {
                fields.insert("findings".to_owned(), json!(findings));
            }
            screen::print(&format!("{value:#}\n"));
        }
    }
    match (&args.check, findings.map_or(0, |findings| findings.len())) {
        (Some(template), number) if number > 0 => Err(Error::Findings {
            number,
            template: template.clone(),
        }),
        _ => Ok(()),
    }
}

/// Every difference between the programs, the template, the documents and the settings.
fn findings(
    sources: &Sources,
    template: &Path,
    docs: &[std::path::PathBuf],
) -> Result<Vec<String>, Error> {
    let watched = sources.watched()?;
    let Some(read) = &sources.template else {
        return Ok(Vec::new());
    };
    let beside = template.with_file_name(README);
    let docs: Vec<&Path> = match docs {
        [] if beside.is_file() => vec![&beside],
        docs => docs.iter().map(AsRef::as_ref).collect(),
    };
    let documents = docs.into_iter().map(|path| {
        let text = fs::read_to_string(path).map_err(|source| Error::ReadDocument {
            path: path.into(),
            source,
        })?;
        Ok((path.display().to_string(), text))
    });
    let documents = documents.collect::<Result<Vec<_>, Error>>()?;
    let mut found =
        check::of_template(&watched, &read.text, &read.value).map_err(Error::Monitoring)?;
    if !documents.is_empty() {
        found.extend(check::of_documents(&watched, &documents));
    }
    found.extend(check::of_settings(&watched));
    Ok(found)
}

/// The unit, and the storage resolution if it is not a minute.
fn unit(metric: &Declared) -> String {
    match metric.resolution_seconds {
        60 => metric.unit.clone(),
        seconds => format!("{}, {seconds} s", metric.unit),
    }
}

fn cells(metric: &Declared) -> Vec<String> {
    vec![
        metric.metric.clone(),
        unit(metric),
        metric.meaning.as_str().to_owned(),
        metric.dimension_sets(),
        metric.short_function().to_owned(),
        format!("{}:{}", metric.file, metric.line),
    ]
}

/// The heading and one row for each declaration. Most programs have no dimensions, and then no such column.
fn rows(catalogue: &Catalogue) -> Vec<Vec<String>> {
    let mut metrics: Vec<&Declared> = catalogue.declared().collect();
    metrics.sort_by_key(|metric| (&metric.file, metric.line, &metric.metric));
    let heading = [
        "metric",
        "unit",
        "counts",
        "by",
        "of function",
        "declared at",
    ]
    .map(String::from);
    let heading = [heading.to_vec()].into_iter();
    let mut rows: Vec<Vec<String>> = heading.chain(metrics.into_iter().map(cells)).collect();
    let mut dimensions = rows.iter().skip(1).filter_map(|row| row.get(DIMENSIONS));
    if dimensions.all(String::is_empty) {
        for row in &mut rows {
            row.remove(DIMENSIONS);
        }
    }
    rows
}

fn table(catalogue: &Catalogue, terminal: &Terminal) -> Vec<String> {
    let rows = rows(catalogue);
    let columns = rows.first().map_or(0, Vec::len);
    let width_of = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(String::len)
            .max()
    };
    let widths: Vec<usize> = (0..columns).filter_map(width_of).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("  {cell:width$}"));
        cells.collect::<String>().trim_end().to_owned()
    };
    let mut lines: Vec<String> = Vec::new();
    if rows.len() > 1 {
        lines.extend(rows.iter().map(line));
        if let Some(heading) = lines.first_mut() {
            *heading = terminal.paint(Style::Bold, heading);
        }
        lines.extend([String::new(), format!("  {}", price(catalogue))]);
    }
    lines.extend(empty(catalogue).map(|name| format!("  metrics of {name}: none")));
    lines
}

fn price(catalogue: &Catalogue) -> String {
    let series = catalogue.series();
    let noun = if series == 1 { "metric" } else { "metrics" };
    let cost = Cost::of_metrics(series).monthly();
    format!("at most {series} custom {noun} in CloudWatch, about {cost} a month in us-east-1")
}

/// The names of the programs without metrics.
fn empty(catalogue: &Catalogue) -> impl Iterator<Item = &str> {
    let programs = catalogue.programs.iter();
    programs
        .filter(|program| program.metrics.is_empty())
        .map(|program| program.name.as_str())
}

fn markdown(catalogue: &Catalogue) -> Vec<String> {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let escaped = |cell: &String| cell.replace('|', "\\|");
    let mut lines = Vec::new();
    for (index, row) in rows(catalogue).iter().enumerate() {
        let mut cells: Vec<String> = row.iter().map(escaped).collect();
        if index == 0 {
            let rule = vec!["---".to_owned(); cells.len()];
            lines.extend([line(cells), format!("|{}|", rule.join("|"))]);
        } else {
            if let Some(metric) = cells.first_mut() {
                *metric = format!("`{metric}`");
            }
            lines.push(line(cells));
        }
    }
    let names: Vec<&str> = empty(catalogue).collect();
    if !names.is_empty() {
        lines.extend([
            String::new(),
            format!("Programs without metrics: {}.", names.join(", ")),
        ]);
    }
    lines
}

fn json(catalogue: &Catalogue) -> Value {
    let metric = |metric: &Declared| {
        let sets: Vec<Value> = metric
            .dimensions
            .iter()
            .map(|set| {
                set.iter()
                    .map(|one| json!({ "name": one.name, "values": one.values, "max": one.max }))
                    .collect()
            })
            .collect();
        json!({
            "metric": metric.metric,
            "unit": metric.unit,
            "kind": metric.kind.as_str(),
            "counts": metric.meaning.as_str(),
            "resolution_seconds": metric.resolution_seconds,
            "dimension_sets": sets,
            "function": metric.function,
            "file": metric.file,
            "line": metric.line,
            "doc": metric.doc,
        })
    };
    let programs: Vec<Value> = catalogue
        .programs
        .iter()
        .map(|program| {
            let metrics: Vec<Value> = program.metrics.iter().map(metric).collect();
            json!({ "program": program.name, "metrics": metrics })
        })
        .collect();
    let series = catalogue.series();
    json!({
        "programs": programs,
        "custom_metrics_at_most": series,
        "monthly_cost": Cost::of_metrics(series).monthly(),
    })
}

#[cfg(test)]
mod tests {
    use super::{json, markdown, table};
    use crate::{
        catalogue::{Catalogue, tests::orders},
        terminal::screen::Terminal,
    };

    const PLAIN: Terminal = Terminal {
        columns: 80,
        rows: 24,
        unicode: false,
        colour: false,
        interactive: false,
    };

    #[test]
    fn program_without_metrics_is_none() {
        let lines = table(&orders(), &PLAIN);
        assert_eq!(lines.last().unwrap(), "  metrics of clean-up: none");
        assert!(
            lines[1].contains("OrderRejected") && lines[3].contains("PagesRead"),
            "{lines:?}"
        );
        let only = Catalogue {
            programs: orders().programs.split_off(1),
        };
        assert_eq!(table(&only, &PLAIN), ["  metrics of clean-up: none"]);
        assert_eq!(json(&only)["programs"][0]["metrics"], serde_json::json!([]));
    }

    #[test]
    fn markdown_is_a_table() {
        let lines = markdown(&orders());
        assert_eq!(
            lines[0],
            "| metric | unit | counts | of function | declared at |"
        );
        assert_eq!(lines[1], "|---|---|---|---|---|");
        assert_eq!(
            lines[2],
            "| `OrderRejected` | Count | failure | ship | src/orders.rs:4 |"
        );
        assert_eq!(lines.last().unwrap(), "Programs without metrics: clean-up.");
    }

    #[test]
    fn json_has_every_field() {
        let value = json(&orders());
        let shipped = &value["programs"][0]["metrics"][0];
        assert_eq!(shipped["metric"], "OrderShipped");
        assert_eq!(shipped["counts"], "success");
        assert_eq!(shipped["function"], "orders::ship");
        assert_eq!(value["monthly_cost"], "0.90 USD");
    }
}
