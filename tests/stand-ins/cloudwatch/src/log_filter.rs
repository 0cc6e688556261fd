//! The log levels of Lambda: which lines of a function arrive in CloudWatch Logs.

use crate::value::Value;

/// The log format and the log level of a function.
///
/// The rules are those of [log-level filtering](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html)
/// for runtimes without a supported logging method: with the JSON format, a JSON object with a valid `level` and a
/// valid `timestamp` has that level, and any other line has the level INFO.
#[derive(Debug, Clone, Copy)]
pub struct LogFilter {
    least: Option<usize>,
}

const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const INFO: usize = 2;

impl LogFilter {
    /// The filter of a function that has these values of `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL`.
    #[must_use]
    pub fn new(format: &str, level: &str) -> Self {
        let least = position(level).filter(|_| format == "JSON");
        Self { least }
    }

    /// Whether a line arrives in CloudWatch Logs.
    #[must_use]
    pub fn passes(self, line: &str) -> bool {
        let level = level(line).unwrap_or(INFO);
        self.least.is_none_or(|least| level >= least)
    }
}

fn position(level: &str) -> Option<usize> {
    let mut levels = LEVELS.into_iter();
    levels.position(|known| known.eq_ignore_ascii_case(level))
}

fn level(line: &str) -> Option<usize> {
    let line = Value::from_json(line).ok()?;
    let timestamp = line.get("timestamp")?.text("timestamp").ok()?;
    let level = position(line.get("level")?.text("level").ok()?)?;
    is_rfc3339(timestamp).then_some(level)
}

/// Whether a text has the form `2026-12-01T12:00:00.000Z`, with or without fractions of a second.
fn is_rfc3339(text: &str) -> bool {
    let Some(text) = text.strip_suffix('Z') else {
        return false;
    };
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let form = "dddd-dd-ddTdd:dd:dd";
    let matches = |(byte, form): (u8, u8)| match form {
        b'd' => byte.is_ascii_digit(),
        other => byte == other,
    };
    seconds.len() == form.len()
        && seconds.bytes().zip(form.bytes()).all(matches)
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_a_level_are_dropped_above_info() {
        let metrics = r#"{"_aws":{}}"#;
        let error = r#"{"level":"ERROR","timestamp":"2026-12-01T12:00:00.123Z"}"#;
        let undated = r#"{"level":"ERROR","timestamp":"today"}"#;
        for (format, level, passing) in [
            ("JSON", "ERROR", [false, true, false, false]),
            ("JSON", "INFO", [true, true, true, true]),
            ("Text", "ERROR", [true, true, true, true]),
            ("JSON", "FATAL", [false, false, false, false]),
        ] {
            let filter = LogFilter::new(format, level);
            let lines = [metrics, error, undated, "plain"];
            assert_eq!(
                lines.map(|line| filter.passes(line)),
                passing,
                "{format} {level}"
            );
        }
    }
}
