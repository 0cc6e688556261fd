//! The log level that a document needs to pass the filter of Lambda.
//!
//! With the log format JSON, Lambda drops lines below the log level of the function. A line has the level of its field
//! `level` if it also has a field `timestamp` in the format of RFC 3339, and INFO otherwise
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>). A document without these
//! fields would be dropped above INFO, and its counts with it.

use std::{env, sync::LazyLock, time::SystemTime};

/// A log level above INFO, which each document has to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogLevel(&'static str);

/// The levels above INFO.
const LEVELS: [&str; 3] = ["WARN", "ERROR", "FATAL"];

static REQUIRED: LazyLock<Option<LogLevel>> = LazyLock::new(|| {
    let read = |name| env::var(name).unwrap_or_default();
    LogLevel::required_by(
        &read("AWS_LAMBDA_LOG_FORMAT"),
        &read("AWS_LAMBDA_LOG_LEVEL"),
    )
});

/// The level that documents need in this process, if they need one.
pub(super) fn required() -> Option<LogLevel> {
    *REQUIRED
}

impl LogLevel {
    fn required_by(format: &str, level: &str) -> Option<Self> {
        if !format.eq_ignore_ascii_case("JSON") {
            return None;
        }
        let mut levels = LEVELS.into_iter();
        levels
            .find(|known| known.eq_ignore_ascii_case(level))
            .map(Self)
    }

    /// The fields that give a document of this time the level.
    pub(super) fn fields(self, time: SystemTime) -> [(&'static str, String); 2] {
        [("level", self.0.to_owned()), ("timestamp", rfc3339(time))]
    }
}

/// A time in UTC, such as `2026-12-01T12:00:00.000Z`.
fn rfc3339(time: SystemTime) -> String {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let millisecond = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
}

/// The date that is this number of days after 1970-01-01.
///
/// The algorithm is `civil_from_days` of <https://howardhinnant.github.io/date_algorithms.html>, for years that begin in
/// March.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let days_of_365 = day_of_era + day_of_era / 36_524 - day_of_era / 1_460 - day_of_era / 146_096;
    let year_of_era = days_of_365 / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_level_is_required_only_above_info_and_in_the_json_format() {
        let required = |format, level| LogLevel::required_by(format, level).map(|it| it.0);
        assert_eq!(required("JSON", "ERROR"), Some("ERROR"));
        assert_eq!(required("JSON", "warn"), Some("WARN"));
        for (format, level) in [("JSON", "INFO"), ("JSON", ""), ("Text", "ERROR"), ("", "")] {
            assert_eq!(required(format, level), None, "{format} {level}");
        }
    }

    #[test]
    fn a_document_with_the_fields_passes_the_filter_of_lambda() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_123);
        for level in LEVELS {
            let filter = cloudwatch_stand_in::LogFilter::new("JSON", level);
            let fields = LogLevel(level).fields(time);
            let fields = fields.map(|(name, value)| format!("\"{name}\":\"{value}\""));
            assert!(
                filter.passes(&format!("{{{}}}", fields.join(","))),
                "{level}"
            );
            assert!(!filter.passes("{}"), "{level}");
        }
    }

    #[test]
    fn times_are_in_the_format_of_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (1_790_000_000, "2026-09-21T14:13:20.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(rfc3339(time), text);
        }
    }
}
