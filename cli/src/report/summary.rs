//! The content of a report: the metrics in one window of time, and how they were read.

use std::time::{Duration, SystemTime};

use super::metrics::Series;

/// The shortest window, so that a single burst does not fill the whole axis.
pub const SHORTEST_WINDOW: Duration = Duration::from_secs(24);
/// The longest window, so that the bars of a long demo stay apart.
pub const LONGEST_WINDOW: Duration = Duration::from_hours(1);

/// The content of the graph, the table and the HTML report.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// `CloudWatch` namespace, for example `pkyc/Salesforce`.
    pub namespace: String,
    /// The endpoint that the metrics were read from.
    pub endpoint: String,
    /// The metrics in the order in which a record reaches them.
    pub series: Vec<Series>,
    /// Start of the window.
    pub from: SystemTime,
    /// When the metrics were read.
    pub read_at: SystemTime,
    /// Period of the sums, in seconds.
    pub period_seconds: i32,
    /// The number of Cases in Salesforce, if it is known.
    pub cases: Option<usize>,
}

impl Summary {
    /// Start and end of the time axis.
    pub fn window(&self) -> (SystemTime, SystemTime) {
        let oldest = self.read_at.checked_sub(LONGEST_WINDOW);
        let from = self.from.max(oldest.unwrap_or(self.from));
        (from, self.read_at.max(from + SHORTEST_WINDOW))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::{Duration, SystemTime};

    use super::{LONGEST_WINDOW, SHORTEST_WINDOW, Summary};
    use crate::report::metrics::{Series, tests::FIVE};

    /// A summary of [`FIVE`] from 2026-01-02 03:04:05 UTC; points are (seconds after that, value).
    pub(crate) fn summary(points: [&[(u64, f64)]; 5]) -> Summary {
        let from = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        let series = FIVE.into_iter().zip(points).map(|(metric, points)| Series {
            metric,
            points: points
                .iter()
                .map(|(after, value)| (from + Duration::from_secs(*after), *value))
                .collect(),
        });
        Summary {
            namespace: "pkyc/Salesforce".into(),
            endpoint: "http://127.0.0.1:4566".into(),
            series: series.collect(),
            from,
            read_at: from + Duration::from_secs(20),
            period_seconds: 1,
            cases: None,
        }
    }

    /// Five records without a failure.
    pub(crate) fn five_records() -> Summary {
        summary([
            &[(3, 5.0)],
            &[(3, 5.0)],
            &[(3, 0.0)],
            &[(4, 2.0), (5, 3.0)],
            &[(4, 0.0)],
        ])
    }

    #[test]
    fn window_has_at_least_the_shortest_length() {
        let summary = five_records();
        let expected = (summary.from, summary.from + SHORTEST_WINDOW);
        assert_eq!(summary.window(), expected);
    }

    #[test]
    fn window_has_at_most_the_longest_length() {
        let mut summary = five_records();
        summary.read_at = summary.from + 3 * LONGEST_WINDOW;
        let (from, to) = summary.window();
        assert_eq!(to, summary.read_at);
        assert_eq!(from, summary.from + 2 * LONGEST_WINDOW);
    }
}
