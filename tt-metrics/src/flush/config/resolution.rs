//! The resolution of all metrics of a process.

use super::variable::RESOLUTION;
use crate::metric::Resolution;

/// Reads the seconds. A value that cannot be used is only a warning, because the counts are right without it.
pub(super) fn parse(value: Option<&str>) -> Resolution {
    value
        .map_or(Ok(Resolution::Standard), read)
        .unwrap_or_else(|warning| {
            tracing::warn!("{warning}");
            Resolution::Standard
        })
}

fn read(value: &str) -> Result<Resolution, String> {
    match value.trim() {
        "1" => Ok(Resolution::High),
        "60" => Ok(Resolution::Standard),
        _ => Err(format!(
            "environment variable {RESOLUTION} is `{value}`, expected `1` or `60`, the seconds that one value of a \
             metric stands for; metrics are stored with 60"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_1_or_60_and_nothing_else() {
        assert_eq!(parse(None), Resolution::Standard);
        assert_eq!(parse(Some("60")), Resolution::Standard);
        assert_eq!(parse(Some("1")), Resolution::High);
        for bad in ["0", "5", "high", "1s"] {
            let warning = read(bad).expect_err(bad);
            let named = ["TT_METRICS_RESOLUTION", bad, "`1` or `60`"];
            assert!(named.iter().all(|name| warning.contains(name)), "{warning}");
            assert_eq!(parse(Some(bad)), Resolution::Standard);
        }
    }
}
