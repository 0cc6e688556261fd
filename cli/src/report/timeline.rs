//! A window of time in equal buckets, for the graphs of terminal and browser.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use super::metrics::{Series, whole};

/// Bucket lengths in seconds that are easy to read.
const STEPS: [u64; 28] = [
    1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 300, 360, 600, 720, 900, 1200, 1800,
    3600, 7200, 14_400, 21_600, 43_200, 86_400,
];

/// Equal buckets over a window of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    start: u64,
    step: u64,
    buckets: usize,
}

impl Timeline {
    /// At most `most` buckets that cover `from..=to`, each as short as possible and a multiple of the period.
    pub fn new(from: SystemTime, to: SystemTime, period_seconds: i32, most: usize) -> Self {
        let (from, to) = (seconds(from), seconds(to).max(seconds(from)));
        let period = u64::try_from(period_seconds).unwrap_or(1).max(1);
        let most = u64::try_from(most).unwrap_or(u64::MAX).max(2);
        let buckets_of = |step: u64| to / step - from / step + 1;
        let fits = |step: &u64| step.is_multiple_of(period) && buckets_of(*step) <= most;
        let step = STEPS.into_iter().find(fits).unwrap_or_else(|| {
            let coarsest = ((to - from) / (most - 1) + 1).max(86_400);
            coarsest.next_multiple_of(period)
        });
        let start = from / step * step;
        Self {
            start,
            step,
            buckets: usize::try_from(buckets_of(step)).unwrap_or(1),
        }
    }

    /// Number of buckets, at least 1.
    pub fn buckets(&self) -> usize {
        self.buckets
    }

    /// Length of a bucket, for example `2 s` or `5 min`.
    pub fn step(&self) -> String {
        match self.step {
            step if step.is_multiple_of(86_400) => format!("{} d", step / 86_400),
            step if step.is_multiple_of(3600) => format!("{} h", step / 3600),
            step if step.is_multiple_of(60) => format!("{} min", step / 60),
            step => format!("{step} s"),
        }
    }

    /// The sum or the largest value in each bucket; points outside the window are ignored.
    pub fn sums(&self, series: &Series) -> Vec<u64> {
        let mut sums = vec![0.0; self.buckets];
        for (at, value) in &series.points {
            let after = seconds(*at).checked_sub(self.start);
            let index = after.and_then(|after| usize::try_from(after / self.step).ok());
            if let Some(sum) = index.and_then(|index| sums.get_mut(index)) {
                *sum = series.metric.statistic.combine(*sum, *value);
            }
        }
        sums.into_iter().map(whole).collect()
    }

    /// Start of a bucket in UTC: `03:04:05`, or `03:04` where the seconds are always 00, with the date over two days.
    pub fn clock(&self, bucket: usize) -> String {
        let format = if self.step.is_multiple_of(86_400) {
            "%m-%d"
        } else if self.buckets() > 1 && self.length() >= 2 * 86_400 {
            "%m-%d %H:%M"
        } else if self.step.is_multiple_of(60) {
            "%H:%M"
        } else {
            "%H:%M:%S"
        };
        self.format(bucket, format)
    }

    /// Start of a bucket in UTC with its date: `2026-01-02 03:04:05`.
    pub fn moment(&self, bucket: usize) -> String {
        self.format(bucket, "%Y-%m-%d %H:%M:%S")
    }

    /// Date of the first bucket, with the time zone.
    pub fn date(&self) -> String {
        self.format(0, "%Y-%m-%d UTC")
    }

    /// Length of the window in seconds.
    fn length(&self) -> u64 {
        self.step
            .saturating_mul(u64::try_from(self.buckets).unwrap_or(u64::MAX))
    }

    fn format(&self, bucket: usize, format: &str) -> String {
        let bucket = u64::try_from(bucket).unwrap_or(0);
        let at = self.start.saturating_add(bucket.saturating_mul(self.step));
        let at = Timestamp::from_second(i64::try_from(at).unwrap_or(0)).unwrap_or_default();
        at.strftime(format).to_string()
    }
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::Timeline;
    use crate::report::metrics::{Series, Statistic, tests::FIVE};

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_040 + seconds)
    }

    #[test]
    fn buckets_are_as_short_as_possible() {
        let steps = [40, 20, 10, 5, 2].map(|most| Timeline::new(at(0), at(30), 1, most).step());
        assert_eq!(steps, ["1 s", "2 s", "4 s", "10 s", "20 s"]);
    }

    #[test]
    fn buckets_are_not_shorter_than_the_period() {
        assert_eq!(Timeline::new(at(0), at(30), 60, 40).step(), "1 min");
    }

    #[test]
    fn window_of_years_fits() {
        let line = Timeline::new(at(0), at(3 * 365 * 86_400), 1, 10);
        assert!(line.buckets() <= 10, "{line:?}");
    }

    #[test]
    fn every_point_is_in_exactly_one_bucket() {
        let points = (0..=30).map(|second| (at(second), 1.0)).collect();
        let series = Series {
            metric: FIVE[0].clone(),
            points,
        };
        for most in 2..60 {
            let sums = Timeline::new(at(0), at(30), 1, most).sums(&series);
            assert_eq!(sums.iter().sum::<u64>(), 31, "{most} buckets");
            assert!(sums.len() <= most);
        }
    }

    #[test]
    fn points_outside_the_window_are_ignored() {
        let points = vec![(at(0), 7.0), (at(10), 1.0), (at(99), 7.0)];
        let series = Series {
            metric: FIVE[0].clone(),
            points,
        };
        assert_eq!(
            Timeline::new(at(8), at(12), 1, 9).sums(&series),
            [0, 0, 1, 0, 0]
        );
    }

    #[test]
    fn largest_value_of_a_gauge_is_in_its_bucket() {
        let mut series = Series {
            metric: FIVE[0].clone(),
            points: vec![(at(0), 3.0), (at(1), 7.0), (at(9), 2.0)],
        };
        series.metric.statistic = Statistic::Maximum;
        let line = Timeline::new(at(0), at(9), 1, 2);
        assert_eq!(line.sums(&series), [7, 2]);
        assert_eq!(series.total(), 7);
    }

    #[test]
    fn buckets_of_days_are_labelled_with_the_date() {
        let label = |days: u64, most| Timeline::new(at(0), at(days * 86_400), 60, most).clock(0);
        assert_eq!(
            [label(1, 200), label(3, 200), label(60, 61)],
            ["03:00", "01-02 03:00", "01-02"]
        );
    }

    #[test]
    fn bucket_is_labelled_with_its_start() {
        let fine = Timeline::new(at(5), at(30), 1, 40);
        assert_eq!(
            (fine.clock(0), fine.clock(3)),
            ("03:04:05".into(), "03:04:08".into())
        );
        let coarse = Timeline::new(at(0), at(600), 60, 40);
        assert_eq!(
            (coarse.clock(0), coarse.clock(3)),
            ("03:04".into(), "03:07".into())
        );
        assert_eq!(fine.date(), "2026-01-02 UTC");
    }
}
