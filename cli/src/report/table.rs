//! The table of the sums for the terminal.

use tt_metrics::catalogue::Meaning;

use super::{balance, metrics::Series, summary::Summary};
use crate::terminal::screen::{Style, Terminal};

/// One row for each metric, then the accounting equations.
pub fn lines(summary: &Summary, terminal: &Terminal) -> Vec<String> {
    let names = summary
        .series
        .iter()
        .map(|series| series.metric.label().chars().count());
    let name = names.max().unwrap_or(0).max("metric".len());
    let sums = summary
        .series
        .iter()
        .map(|series| series.total().to_string().len());
    let sum = sums.max().unwrap_or(0).max("sum".len());
    let line = terminal.glyph("─", "-");

    let heading = format!("  {:name$}  {:>sum$}", "metric", "sum");
    let rule = format!("  {}  {}", line.repeat(name), line.repeat(sum));
    let mut lines = vec![
        terminal.paint(Style::Bold, &heading),
        terminal.paint(Style::Dim, &rule),
    ];
    for series in &summary.series {
        let total = format!("{:>sum$}", series.total());
        let total = terminal.paint(style(series), &total);
        lines.push(format!("  {:name$}  {total}", series.metric.label()));
    }
    let equations = equations(summary, terminal);
    if !equations.is_empty() {
        lines.push(String::new());
        lines.extend(equations);
    }
    lines
}

fn equations(summary: &Summary, terminal: &Terminal) -> Vec<String> {
    let mark = |holds: bool| {
        if holds {
            terminal.paint(Style::Green, terminal.glyph("✓", "ok"))
        } else {
            terminal.paint(Style::Red, terminal.glyph("✗", "NO"))
        }
    };
    let equations = balance::equations(&summary.funnel, &summary.series, summary.cases);
    equations
        .iter()
        .map(|equation| format!("  {} {}", mark(equation.holds), equation.text))
        .collect()
}

fn style(series: &Series) -> Style {
    match (series.metric.meaning, series.total()) {
        (_, 0) => Style::Dim,
        (Meaning::Failure, _) => Style::Red,
        _ => Style::Bold,
    }
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::{
        report::summary::tests::{five_records, summary},
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
    fn five_records_are_five_five_zero_five_zero() {
        let expected = "  \
  metric             sum
  -----------------  ---
  S3RecordsReceived    5
  TTEventPublished     5
  TTEventFailed        0
  SFCaseCreated        5
  SFCaseFailed         0

  ok S3RecordsReceived 5 = TTEventPublished 5 + TTEventFailed 0
  ok TTEventPublished 5 = SFCaseCreated 5 + SFCaseFailed 0";
        assert_eq!(lines(&five_records(), &PLAIN).join("\n"), expected);
    }

    #[test]
    fn equation_that_does_not_hold_is_marked() {
        let short = summary([&[(1, 5.0)], &[(1, 5.0)], &[], &[(2, 3.0)], &[]]);
        let lines = lines(&short, &PLAIN).join("\n");
        let expected = "NO TTEventPublished 5 = SFCaseCreated 3 + SFCaseFailed 0";
        assert!(lines.contains(expected), "{lines}");
    }

    #[test]
    fn cases_are_compared_with_those_in_salesforce() {
        let mut summary = five_records();
        summary.cases = Some(4);
        let lines = lines(&summary, &PLAIN).join("\n");
        let expected = "NO SFCaseCreated 5 = Cases in Salesforce 4";
        assert!(lines.contains(expected), "{lines}");
    }

    #[test]
    fn columns_are_aligned_with_wide_sums() {
        let million = summary([&[(1, 1_234_567.0)], &[], &[], &[], &[]]);
        let lines = lines(&million, &PLAIN);
        let widths: Vec<usize> = lines[..7].iter().map(String::len).collect();
        assert_eq!(widths, [28; 7]);
    }
}
