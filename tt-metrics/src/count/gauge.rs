//! Levels that the program has measured, until the next flush.

use std::sync::Mutex;

use crate::{
    count::sync::lock,
    declare::gauge::Gauge,
    metric::{Datum, MetricName, Unit},
};

/// Sends a level as the function [`gauge`](crate::gauge()) does, and is in the [`catalogue`](crate::catalogue()).
///
/// The metric is a string literal or a `const`; a name that CloudWatch does not take is a compile error.
///
/// ```
/// use tt_metrics::Unit;
///
/// # let (used, limit) = (40.0, 50.0);
/// tt_metrics::gauge!("QuotaUsedPercent", Unit::Percent, 100.0 * used / limit);
/// let mut names = tt_metrics::catalogue().map(|declared| declared.metric);
/// assert!(names.any(|name| name == "QuotaUsedPercent"));
/// ```
///
/// ```compile_fail
/// tt_metrics::gauge!(":QuotaUsedPercent", tt_metrics::Unit::Percent, 80.0);
/// ```
#[macro_export]
macro_rules! gauge {
    ($metric:literal, $unit:expr, $level:expr $(,)?) => {
        $crate::gauge!($crate::MetricName::new($metric), $unit, $level)
    };
    ($metric:expr, $unit:expr, $level:expr $(,)?) => {{
        const DECLARATION: $crate::__private::Declaration = $crate::__private::Declaration {
            gauge: ::core::option::Option::Some($metric),
            unit: $unit,
            ..$crate::__private::Declaration::new(
                ::core::module_path!(),
                ::core::file!(),
                ::core::line!(),
                "",
            )
        };
        $crate::__gauge!(DECLARATION).set($level);
    }};
}

/// The static of one `gauge!`.
#[cfg(any(not(feature = "off"), feature = "keep-on"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __gauge {
    ($declaration:ident) => {{
        #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__tt_metrics"))]
        #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".tt_metrics"))]
        static RECORD: [::core::primitive::u8; $crate::__private::encoded_len(&$declaration)] =
            $crate::__private::encode(&$declaration);
        #[$crate::__private::linkme::distributed_slice($crate::__private::GAUGES)]
        #[linkme(crate = $crate::__private::linkme)]
        static GAUGE: $crate::__private::Gauge =
            $crate::__private::Gauge::new(&$declaration, &RECORD);
        &GAUGE
    }};
}

/// With `off` it is in no catalogue.
#[cfg(all(feature = "off", not(feature = "keep-on")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __gauge {
    ($declaration:ident) => {
        $crate::__private::Gauge::new(&$declaration, &[])
    };
}

static MEASURED: Mutex<Vec<Datum>> = Mutex::new(Vec::new());

/// Sends a level that the program has measured with the next flush: how much of a quota is used, how long a queue is.
///
/// Of several levels of a metric the last one is sent, and nothing when nothing was measured since the flush before, so
/// a function that measures in each invocation sends one sample for each. Read it with the statistics `Maximum`,
/// `Minimum` or `Average`. A level alone causes no flush, and is forgotten with a process that ends before the next one.
/// It belongs to the process: no [`capture`](crate::capture()) sees it. The [`catalogue`](crate::catalogue()) has those of
/// the macro [`gauge!`](crate::gauge!), not those of this function. One that is not a number is dropped and counted as
/// `MetricsDropped`.
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

impl Gauge {
    /// Sends a level with the next flush.
    pub fn set(&self, level: f64) {
        if let Some(metric) = self.declaration.gauge {
            gauge(metric, self.declaration.unit, level);
        }
    }
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
