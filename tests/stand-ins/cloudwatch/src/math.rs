//! The checks of metric math: ids, functions and brackets.
//!
//! Source: [metric math](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html).

use std::collections::BTreeSet;

use crate::limits::{Refusal, refuse};

/// Functions and keywords that take time series and work in alarms.
const FUNCTIONS: [&str; 33] = [
    "ABS",
    "ANOMALY_DETECTION_BAND",
    "AND",
    "AVG",
    "CEIL",
    "DAY",
    "DIFF",
    "DIFF_TIME",
    "DATAPOINT_COUNT",
    "EPOCH",
    "FILL",
    "FIRST",
    "FLOOR",
    "HOUR",
    "IF",
    "LAST",
    "LOG",
    "LOG10",
    "MAX",
    "METRICS",
    "METRIC_COUNT",
    "MIN",
    "MINUTE",
    "MONTH",
    "OR",
    "PERIOD",
    "RATE",
    "REPEAT",
    "RUNNING_SUM",
    "STDDEV",
    "SUM",
    "TIME_SERIES",
    "YEAR",
];
const MAX_EXPRESSION: usize = 2048;
const MAX_ID: usize = 255;

/// Checks an id: a lower-case letter, then letters, digits and underscores.
pub(crate) fn check_id(id: &str) -> Result<(), Refusal> {
    let starts = id.starts_with(|first: char| first.is_ascii_lowercase());
    let is_part = |part: char| part.is_ascii_alphanumeric() || part == '_';
    if starts && id.chars().all(is_part) && id.len() <= MAX_ID {
        return Ok(());
    }
    refuse(format!("`{id}` is not an id"))
}

/// Checks that an expression has balanced brackets, known functions, and only these ids.
pub(crate) fn check_expression(expression: &str, ids: &BTreeSet<&str>) -> Result<(), Refusal> {
    if expression.is_empty() || expression.len() > MAX_EXPRESSION {
        return refuse(format!("an expression has {} characters", expression.len()));
    }
    let mut open = Vec::new();
    for character in expression.chars() {
        let closes = match character {
            '(' | '[' => {
                open.push(character);
                continue;
            }
            ')' => '(',
            ']' => '[',
            _ => continue,
        };
        if open.pop() != Some(closes) {
            return refuse(format!("`{expression}` has unbalanced brackets"));
        }
    }
    if !open.is_empty() {
        return refuse(format!("`{expression}` has unbalanced brackets"));
    }
    let is_word = |part: char| part.is_ascii_alphanumeric() || part == '_';
    let words = expression
        .split(|part| !is_word(part))
        .filter(|word| !word.is_empty());
    for word in words {
        let first = word.chars().next().unwrap_or_default();
        let is_known = match first {
            'a'..='z' => ids.contains(word),
            'A'..='Z' => FUNCTIONS.contains(&word),
            _ => word.chars().all(|digit| digit.is_ascii_digit()),
        };
        if !is_known {
            return refuse(format!(
                "`{expression}` contains `{word}`, which is no id, function or number"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{check_expression, check_id};

    #[test]
    fn expressions() {
        let ids = BTreeSet::from(["a", "b1"]);
        for valid in [
            "a + b1",
            "IF(a > 0 AND SUM([b1, TIME_SERIES(0)]) < 1, 1, 0)",
            "100 * FILL(a, 0) / 0.5",
            "SUM(METRICS())",
        ] {
            check_expression(valid, &ids).unwrap();
        }
        for invalid in [
            "",
            "a + c",
            "FILL(a, 0",
            "FILL(a, 0]",
            "a)",
            "SEARCH('x', 'Sum', 60)",
            "fill(a, 0)",
            "a2",
        ] {
            assert!(check_expression(invalid, &ids).is_err(), "{invalid}");
        }
    }

    #[test]
    fn ids() {
        assert!(check_id("failed_1").is_ok());
        for invalid in ["", "Failed", "1a", "a-b"] {
            assert!(check_id(invalid).is_err(), "{invalid}");
        }
    }
}
