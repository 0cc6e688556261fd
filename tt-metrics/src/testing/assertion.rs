//! `assert_metrics!`: compares the metrics of a test with expected values and prints the difference.

use std::{collections::BTreeMap, fmt::Write};

use super::capture::{Capture, current_counts};

/// Asserts the growth of metrics since the [`capture`](crate::capture()) of this test began.
///
/// A metric is a string or a [`MetricName`](crate::MetricName). A metric that no attribute of the program declares fails the
/// test, also where 0 is expected. The capture is the last one that began in this thread, or the one given with `in`.
///
/// ```
/// #[tt_metrics::count_outcome(success = "OrderShipped", failure = "OrderFailed")]
/// fn ship(order: u64) -> Option<u64> {
///     (order > 0).then_some(order)
/// }
///
/// let metrics = tt_metrics::capture();
/// for order in 0..6 {
///     ship(order);
/// }
/// tt_metrics::assert_metrics! { "OrderShipped" = 5, "OrderFailed" = 1 }
/// tt_metrics::assert_metrics! { in metrics; "OrderFailed" = 1 }
/// ```
///
/// # Panics
///
/// When a value differs, with a table of all values; when no capture began in this thread.
#[macro_export]
macro_rules! assert_metrics {
    (in $capture:expr; $($metric:tt = $expected:expr),* $(,)?) => {
        $crate::__private::assert_counts(
            ::core::option::Option::Some(&$capture),
            &[$((<&str as ::core::convert::From<_>>::from($metric), $expected)),*],
        )
    };
    ($($metric:tt = $expected:expr),* $(,)?) => {
        $crate::__private::assert_counts(
            ::core::option::Option::None,
            &[$((<&str as ::core::convert::From<_>>::from($metric), $expected)),*],
        )
    };
}

/// The function behind `assert_metrics!`.
///
/// # Panics
///
/// When a value differs, or no capture began in this thread.
#[track_caller]
#[expect(clippy::panic, reason = "an assertion of a test")]
pub fn assert_counts(capture: Option<&Capture>, expected: &[(&str, u64)]) {
    let counts = match capture {
        Some(capture) => Some(capture.counts()),
        None => current_counts(),
    };
    let Some(counts) = counts else {
        panic!(
            "no capture began in this thread: begin the test with `let metrics = tt_metrics::capture();`"
        );
    };
    if let Some(difference) = difference(&counts, expected) {
        panic!("{difference}");
    }
}

/// Renders a table of expected and found values, if any differs.
fn difference(counts: &BTreeMap<&str, u64>, expected: &[(&str, u64)]) -> Option<String> {
    let found = |metric: &str| counts.get(metric).copied();
    if expected
        .iter()
        .all(|(metric, number)| found(metric) == Some(*number))
    {
        return None;
    }
    let names = expected.iter().map(|(metric, _)| metric.len());
    let width = names.max().unwrap_or(0).max("metric".len());
    let mut text = "the metrics differ from the expected values\n\n".to_owned();
    let _ = writeln!(
        text,
        "    {:width$}  {:>10}  {:>10}",
        "metric", "expected", "found"
    );
    for (metric, number) in expected {
        let (found, mark) = match found(metric) {
            Some(found) if found == *number => (found.to_string(), ""),
            Some(found) => (found.to_string(), "  <- differs"),
            None => ("-".to_owned(), "  <- not declared"),
        };
        let _ = writeln!(text, "    {metric:width$}  {number:>10}  {found:>10}{mark}");
    }
    let is_expected = |metric: &str| expected.iter().any(|(other, _)| *other == metric);
    let moved = counts
        .iter()
        .filter(|(metric, number)| **number > 0 && !is_expected(metric));
    let moved: Vec<String> = moved
        .map(|(metric, number)| format!("{metric} = {number}"))
        .collect();
    if !moved.is_empty() {
        let _ = writeln!(text, "\n    also moved: {}", moved.join(", "));
    }
    for (metric, _) in expected
        .iter()
        .filter(|(metric, _)| found(metric).is_none())
    {
        let nearest = counts.keys().min_by_key(|known| distance(known, metric));
        let _ = match nearest {
            Some(nearest) => writeln!(
                text,
                "\n    no attribute declares `{metric}`, the nearest is `{nearest}`"
            ),
            None => writeln!(text, "\n    no attribute of this binary declares a metric"),
        };
    }
    Some(text)
}

/// The edit distance of two texts in characters (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        let mut next = vec![before];
        for (above, to) in row.iter().skip(1).zip(right.chars()) {
            before = (diagonal + usize::from(from != to))
                .min(above + 1)
                .min(before + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_all_metrics_other_changes_and_the_nearest_name() {
        let counts = BTreeMap::from([("OrderShipped", 4), ("OrderFailed", 0), ("Other", 2)]);
        assert_eq!(
            difference(&counts, &[("OrderShipped", 4), ("OrderFailed", 0)]),
            None
        );
        let expected = [("OrderShipped", 5), ("OrderFailed", 0), ("OrderFaild", 0)];
        let text = difference(&counts, &expected).unwrap();
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(
            lines,
            [
                "the metrics differ from the expected values",
                "metric          expected       found",
                "OrderShipped           5           4  <- differs",
                "OrderFailed            0           0",
                "OrderFaild             0           -  <- not declared",
                "also moved: Other = 2",
                "no attribute declares `OrderFaild`, the nearest is `OrderFailed`",
            ]
        );
    }

    #[test]
    fn a_distance_counts_changed_characters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
