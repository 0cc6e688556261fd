//! What is shown: the five metrics over one window of time, and how they were read.

use std::time::{Duration, SystemTime};

use crate::metrics::Series;

/// No window is shorter, so that a single burst does not fill the whole axis.
pub const SHORTEST_WINDOW: Duration = Duration::from_secs(24);
/// No window is longer, so that peaks stay apart in a demo that runs all day.
pub const LONGEST_WINDOW: Duration = Duration::from_hours(1);

/// Everything the terminal graph, the table and the report show.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// CloudWatch namespace, for example `pkyc/Salesforce`.
    pub namespace: String,
    /// The endpoint that answered.
    pub endpoint: String,
    /// The metrics in the order in which a record meets them.
    pub series: Vec<Series>,
    /// Start of the window.
    pub from: SystemTime,
    /// When the metrics were read.
    pub read_at: SystemTime,
    /// Period of the sums that were read, in seconds.
    pub period_seconds: i32,
    /// How many Cases Salesforce holds, where that is known.
    pub cases: Option<usize>,
}

impl Picture {
    /// Start and end of the time axis.
    pub fn window(&self) -> (SystemTime, SystemTime) {
        let oldest = self
            .read_at
            .checked_sub(LONGEST_WINDOW)
            .unwrap_or(self.from);
        let from = self.from.max(oldest);
        (from, self.read_at.max(from + SHORTEST_WINDOW))
    }

    /// Name and sum of each metric.
    pub fn totals(&self) -> impl Iterator<Item = (&str, u64)> {
        self.series
            .iter()
            .map(|series| (series.name.as_str(), count(series.total())))
    }

    /// Sum of the metric called `name`; 0 when it was not read.
    pub fn total(&self, name: &str) -> u64 {
        self.totals()
            .find(|(other, _)| *other == name)
            .map_or(0, |(_, total)| total)
    }
}

/// The whole number that CloudWatch reports as a float.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and a sum of counts is a whole number that is not negative"
)]
pub fn count(sum: f64) -> u64 {
    sum.round() as u64
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::{Duration, SystemTime};

    use super::{LONGEST_WINDOW, Picture, SHORTEST_WINDOW, count};
    use crate::metrics::{NAMES, Series};

    /// A picture whose window starts at 2026-01-02 03:04:05 UTC; points are (seconds after that, value).
    pub(crate) fn picture(points: [&[(u64, f64)]; 5]) -> Picture {
        let from = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        let series = NAMES.iter().zip(points).map(|(name, points)| Series {
            name: (*name).into(),
            points: points
                .iter()
                .map(|(after, value)| (from + Duration::from_secs(*after), *value))
                .collect(),
        });
        Picture {
            namespace: "pkyc/Salesforce".into(),
            endpoint: "http://127.0.0.1:4566".into(),
            series: series.collect(),
            from,
            read_at: from + Duration::from_secs(20),
            period_seconds: 1,
            cases: None,
        }
    }

    /// Five records, none of them failed.
    pub(crate) fn five_records() -> Picture {
        picture([
            &[(3, 5.0)],
            &[(3, 5.0)],
            &[(3, 0.0)],
            &[(4, 2.0), (5, 3.0)],
            &[(4, 0.0)],
        ])
    }

    #[test]
    fn a_total_is_the_sum_over_all_periods() {
        let picture = five_records();
        assert_eq!(picture.total("SFCaseCreated"), 5);
        assert_eq!(picture.total("SFCaseFailed"), 0);
        assert_eq!(picture.total("NotRead"), 0);
    }

    #[test]
    fn a_young_window_has_the_shortest_length() {
        let picture = five_records();
        assert_eq!(
            picture.window(),
            (picture.from, picture.from + SHORTEST_WINDOW)
        );
    }

    #[test]
    fn an_old_window_ends_at_the_last_read_and_forgets_what_is_older_than_the_longest() {
        let mut picture = five_records();
        picture.read_at = picture.from + 3 * LONGEST_WINDOW;
        let (from, to) = picture.window();
        assert_eq!(to, picture.read_at);
        assert_eq!(from, picture.from + 2 * LONGEST_WINDOW);
    }

    #[test]
    fn a_float_sum_is_a_whole_count() {
        assert_eq!(count(93.0), 93);
        assert_eq!(count(4.999_999_999), 5);
        assert_eq!(count(-1.0), 0);
    }
}
