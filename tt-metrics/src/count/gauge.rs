//! `gauge!`: values that the program measured, kept until the next flush.

use std::sync::Mutex;

use crate::{count::sync::lock, declare::gauge::Gauge, metric::Datum};

/// Sends a value that the program measured with the next flush: how much of a quota is used, or the length of a queue.
///
/// The arguments are the name, the [`Unit`](crate::Unit) and the value as an `f64`. The name is a string literal or a `const`
/// [`MetricName`](crate::MetricName); an invalid name is a compile error. The [`catalogue`](crate::catalogue()) lists the
/// metric.
///
/// A flush sends the last value that was set since the previous flush, and nothing when no value was set. Read the metric with
/// the statistics `Maximum`, `Minimum` or `Average`. A gauge alone causes no flush, and its value is lost when the
/// process ends before the next one. It belongs to the process: a [`capture`](crate::capture()) does not contain it. A value
/// that is not a finite number is dropped and counted as `MetricsDropped`.
///
/// ```
/// use tt_metrics::Unit;
///
/// # let (used, limit) = (40.0, 50.0);
/// tt_metrics::gauge!("QuotaUsedPercent", Unit::Percent, 100.0 * used / limit);
/// let mut names = tt_metrics::catalogue().map(|entry| entry.metric);
/// assert!(names.any(|name| name == "QuotaUsedPercent"));
/// ```
///
/// ```compile_fail
/// tt_metrics::gauge!(":QuotaUsedPercent", tt_metrics::Unit::Percent, 80.0);
/// ```
#[macro_export]
macro_rules! gauge {
    ($metric:literal, $unit:expr, $value:expr $(,)?) => {
        $crate::gauge!($crate::MetricName::new($metric), $unit, $value)
    };
    ($metric:expr, $unit:expr, $value:expr $(,)?) => {{
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
        $crate::__gauge!(DECLARATION).set($value);
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

/// With `off`, no catalogue contains it.
#[cfg(all(feature = "off", not(feature = "keep-on")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __gauge {
    ($declaration:ident) => {
        $crate::__private::Gauge::new(&$declaration, &[])
    };
}

static VALUES: Mutex<Vec<Datum>> = Mutex::new(Vec::new());

impl Gauge {
    /// Sets the value that the next flush sends.
    pub fn set(&self, value: f64) {
        // With `off`, the program sends no metric of its own.
        if cfg!(all(feature = "off", not(feature = "keep-on"))) {
            return;
        }
        if let Some(metric) = self.declaration.gauge {
            let datum = Datum::gauge(metric, value)
                .with_unit(self.declaration.unit)
                .with_resolution(self.declaration.resolution);
            Datum::merge_newer(&mut lock(&VALUES), datum);
        }
    }
}

/// Takes the values that were set since the last call.
pub(crate) fn take() -> Vec<Datum> {
    std::mem::take(&mut *lock(&VALUES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        declare::declaration::Declaration,
        metric::{MetricName, Unit},
    };

    const FULL: Declaration = Declaration {
        gauge: Some(MetricName::new("QueueFullPercent")),
        unit: Unit::Percent,
        ..Declaration::new("gauge", file!(), line!(), "")
    };
    const LENGTH: Declaration = Declaration {
        gauge: Some(MetricName::new("QueueLength")),
        ..Declaration::new("gauge", file!(), line!(), "")
    };

    #[test]
    fn the_last_value_of_a_gauge_is_taken_once() {
        let (full, length) = (Gauge::new(&FULL, &[]), Gauge::new(&LENGTH, &[]));
        full.set(20.0);
        length.set(3.0);
        full.set(10.5);
        let expected = [
            Datum::gauge(MetricName::new("QueueFullPercent"), 10.5).with_unit(Unit::Percent),
            Datum::gauge(MetricName::new("QueueLength"), 3.0),
        ];
        assert_eq!(take(), expected);
        assert_eq!(take(), []);
    }
}
