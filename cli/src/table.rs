//! The sums as a table for the terminal.

use crate::{
    balance::Balance,
    picture::Picture,
    screen::{Look, Style},
};

/// One row a metric, then the accounting equations.
pub fn lines(picture: &Picture, look: &Look) -> Vec<String> {
    let rows: Vec<(&str, u64)> = picture.totals().collect();
    let name = rows
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0)
        .max("metric".len());
    let sum = rows
        .iter()
        .map(|(_, sum)| digits(*sum))
        .max()
        .unwrap_or(0)
        .max("sum".len());
    let line = look.glyph("─", "-");

    let mut lines = vec![
        look.paint(
            Style::Bold,
            &format!("  {:name$}  {:>sum$}", "metric", "sum"),
        ),
        look.paint(
            Style::Dim,
            &format!("  {}  {}", line.repeat(name), line.repeat(sum)),
        ),
    ];
    for (metric, total) in rows {
        let total = format!("{total:>sum$}");
        lines.push(format!(
            "  {metric:name$}  {}",
            look.paint(style(metric, &total), &total)
        ));
    }
    lines.push(String::new());
    lines.extend(checks(picture, look));
    lines
}

fn checks(picture: &Picture, look: &Look) -> Vec<String> {
    let mark = |holds: bool| {
        if holds {
            look.paint(Style::Green, look.glyph("✓", "ok"))
        } else {
            look.paint(Style::Red, look.glyph("✗", "NO"))
        }
    };
    let checks = Balance::of(picture).checks(picture.cases);
    checks
        .iter()
        .map(|check| format!("  {} {}", mark(check.holds), check.text))
        .collect()
}

fn style(metric: &str, total: &str) -> Style {
    match (metric.ends_with("Failed"), total.trim() == "0") {
        (_, true) => Style::Dim,
        (true, false) => Style::Red,
        (false, false) => Style::Bold,
    }
}

fn digits(number: u64) -> usize {
    number.to_string().len()
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::{
        picture::tests::{five_records, picture},
        screen::Look,
    };

    const PLAIN: Look = Look {
        columns: 80,
        rows: 24,
        unicode: false,
        colour: false,
        interactive: false,
    };

    #[test]
    fn five_records_read_five_five_zero_five_zero() {
        let expected = "  \
  metric             sum
  -----------------  ---
  S3RecordsReceived    5
  TTEventPublished     5
  TTEventFailed        0
  SFCaseCreated        5
  SFCaseFailed         0

  ok received 5 = published 5 + failed 0
  ok published 5 = created 5 + failed 0";
        assert_eq!(lines(&five_records(), &PLAIN).join("\n"), expected);
    }

    #[test]
    fn an_equation_that_does_not_hold_is_marked() {
        let short = picture([&[(1, 5.0)], &[(1, 5.0)], &[], &[(2, 3.0)], &[]]);
        let lines = lines(&short, &PLAIN).join("\n");
        assert!(
            lines.contains("NO published 5 = created 3 + failed 0"),
            "{lines}"
        );
    }

    #[test]
    fn cases_are_compared_with_what_salesforce_holds() {
        let mut picture = five_records();
        picture.cases = Some(4);
        let lines = lines(&picture, &PLAIN).join("\n");
        assert!(
            lines.contains("NO created 5 = Cases in Salesforce 4"),
            "{lines}"
        );
    }

    #[test]
    fn wide_sums_keep_the_columns_straight() {
        let million = picture([&[(1, 1_234_567.0)], &[], &[], &[], &[]]);
        let lines = lines(&million, &PLAIN);
        let widths: Vec<usize> = lines[..7].iter().map(String::len).collect();
        assert_eq!(widths, [28; 7]);
    }
}
