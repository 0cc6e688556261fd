//! Levels that the program has measured, until the next flush.

use std::sync::Mutex;

use crate::{MetricName, Unit, sink::Datum, sync::lock};

static MEASURED: Mutex<Vec<Datum>> = Mutex::new(Vec::new());

/// Sends a level that the program has measured with the next flush: how much of a quota is used, how long a queue is.
///
/// Of several levels of a metric the last one is sent, and nothing when nothing was measured since the flush before, so
/// a function that measures in each invocation sends one sample for each. Read it with the statistics `Maximum`,
/// `Minimum` or `Average`. A level alone causes no flush, and is forgotten with a process that ends before the next one.
/// It belongs to the process: no attribute declares it, so no [`catalogue`](crate::catalogue()) has it, and no
/// [`capture`](crate::capture()) sees it. One that is not a number is dropped and counted as `MetricsDropped`.
///
/// ```
/// use tt_metrics::{MetricName, Unit};
///
/// const QUOTA_USED: MetricName = MetricName::new("QuotaUsedPercent");
/// tt_metrics::gauge(QUOTA_USED, Unit::Percent, 80.0);
/// ```
pub fn gauge(metric: MetricName, unit: Unit, level: f64) {
    // With `off` nothing is sent that a program says of itself.
    if cfg!(all(feature = "off", not(feature = "keep-on"))) {
        return;
    }
    let datum = Datum::gauge(metric, level).with_unit(unit);
    Datum::merge_newer(&mut lock(&MEASURED), datum);
}

/// Takes what was measured.
pub(crate) fn take() -> Vec<Datum> {
    std::mem::take(&mut *lock(&MEASURED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_level_of_a_metric_is_taken_once() {
        const FULL: MetricName = MetricName::new("QueueFullPercent");
        const LENGTH: MetricName = MetricName::new("QueueLength");
        gauge(FULL, Unit::Percent, 20.0);
        gauge(LENGTH, Unit::Count, 3.0);
        gauge(FULL, Unit::Percent, 10.5);
        let expected = [
            Datum::gauge(FULL, 10.5).with_unit(Unit::Percent),
            Datum::gauge(LENGTH, 3.0),
        ];
        assert_eq!(take(), expected);
        assert_eq!(take(), []);
    }
}
