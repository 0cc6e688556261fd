//! One datum: the change of one metric since the previous flush, under its own dimensions.

use super::{Dimensions, Metric, MetricName, Resolution, Unit};

/// The change of one metric since the previous flush.
///
/// ```
/// use tt_metrics::{MetricName, Unit, sink::{Datum, Dimensions, Value}};
///
/// const SHIPPED: MetricName = MetricName::new("OrderShipped");
/// const TIME: MetricName = MetricName::new("ShippingTime");
///
/// let shipped = Datum::count(SHIPPED, 5).with_dimensions(Dimensions::new([("carrier", "post")]));
/// let time = Datum::histogram(TIME, [(12.5, 4), (80.0, 1)]).with_unit(Unit::Milliseconds);
/// assert_eq!(time.value, Value::Histogram(vec![(12.5, 4), (80.0, 1)]));
/// assert_eq!(shipped.dimensions.to_string(), "carrier=post");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Datum {
    /// The metric.
    pub metric: MetricName,
    /// Its unit.
    pub unit: Unit,
    /// Its storage resolution.
    pub resolution: Resolution,
    /// Its own dimensions, in addition to those of every metric of the process.
    pub dimensions: Dimensions,
    /// The change.
    pub value: Value,
}

/// The value of a datum.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// The growth of a counter. It is sent as one observation, so `Sum` is the statistic to read.
    Count(u64),
    /// The current value of a gauge.
    Gauge(f64),
    /// Observations: each value with its number of occurrences.
    Histogram(Vec<(f64, u64)>),
}

impl Datum {
    /// The growth of a counter, with unit `Count`.
    #[must_use]
    pub const fn count(metric: MetricName, growth: u64) -> Self {
        Self::new(metric, Value::Count(growth))
    }

    /// The growth of a declared counter.
    pub(crate) const fn growth(metric: Metric, growth: u64) -> Self {
        Self {
            metric: metric.name,
            unit: metric.unit,
            resolution: metric.resolution,
            dimensions: Dimensions::NONE,
            value: Value::Count(growth),
        }
    }

    /// The value of a gauge, with unit `Count`.
    #[must_use]
    pub const fn gauge(metric: MetricName, level: f64) -> Self {
        Self::new(metric, Value::Gauge(level))
    }

    /// Observations, each value with its number of occurrences, with unit `Count`.
    #[must_use]
    pub fn histogram(metric: MetricName, observed: impl IntoIterator<Item = (f64, u64)>) -> Self {
        Self::new(metric, Value::Histogram(observed.into_iter().collect()))
    }

    /// A datum with standard resolution, unit `Count` and no dimensions.
    #[must_use]
    pub const fn new(metric: MetricName, value: Value) -> Self {
        Self {
            metric,
            unit: Unit::Count,
            resolution: Resolution::Standard,
            dimensions: Dimensions::NONE,
            value,
        }
    }

    /// Replaces the unit.
    #[must_use]
    pub fn with_unit(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }

    /// Replaces the resolution.
    #[must_use]
    pub fn with_resolution(self, resolution: Resolution) -> Self {
        Self { resolution, ..self }
    }

    /// Replaces the dimensions.
    #[must_use]
    pub fn with_dimensions(self, dimensions: Dimensions) -> Self {
        Self { dimensions, ..self }
    }

    /// Adds a newer datum to a list that has one datum per series.
    pub(crate) fn merge_newer(data: &mut Vec<Self>, mut newer: Self) {
        match data.iter_mut().find(|known| newer.continues(known)) {
            Some(known) => {
                newer.value.absorb(&known.value);
                *known = newer;
            }
            None => data.push(newer),
        }
    }

    /// Adds an older datum to a list that has one datum per series.
    pub(crate) fn merge_older(data: &mut Vec<Self>, older: Self) {
        match data.iter_mut().find(|known| known.continues(&older)) {
            Some(known) => known.value.absorb(&older.value),
            None => data.push(older),
        }
    }

    /// Whether both belong to the same series and kind, so that they can be merged.
    fn continues(&self, earlier: &Self) -> bool {
        self.metric == earlier.metric
            && self.unit == earlier.unit
            && self.resolution == earlier.resolution
            && self.dimensions == earlier.dimensions
            && std::mem::discriminant(&self.value) == std::mem::discriminant(&earlier.value)
    }
}

impl Value {
    /// Whether losing the value loses no count: no growth and no observation. A gauge is always zero in this sense, since
    /// the next value replaces it.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Count(growth) => *growth == 0,
            Self::Gauge(_) => true,
            Self::Histogram(observed) => observed.iter().all(|(_, times)| *times == 0),
        }
    }

    /// The value of the statistic `Sum` in CloudWatch.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "CloudWatch stores doubles, exact up to 2^53"
    )]
    pub fn sum(&self) -> f64 {
        match self {
            Self::Count(growth) => *growth as f64,
            Self::Gauge(level) => *level,
            Self::Histogram(observed) => observed
                .iter()
                .map(|(value, times)| value * *times as f64)
                .sum(),
        }
    }

    /// Merges an earlier value of the same series: growth and observations are added, the newer gauge is kept.
    pub(crate) fn absorb(&mut self, earlier: &Self) {
        match (self, earlier) {
            (Self::Count(growth), Self::Count(more)) => *growth = growth.saturating_add(*more),
            (Self::Histogram(observed), Self::Histogram(more)) => {
                for &(value, times) in more {
                    match observed
                        .iter_mut()
                        .find(|(known, _)| known.to_bits() == value.to_bits())
                    {
                        Some((_, known)) => *known = known.saturating_add(times),
                        None => observed.push((value, times)),
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: MetricName = MetricName::new("Time");

    fn absorbed(mut newer: Value, earlier: &Value) -> Value {
        newer.absorb(earlier);
        newer
    }

    #[test]
    fn growth_and_observations_are_added_and_the_newer_gauge_is_kept() {
        use Value::{Count, Gauge, Histogram};
        assert_eq!(absorbed(Count(2), &Count(3)), Count(5));
        assert_eq!(absorbed(Count(u64::MAX), &Count(3)), Count(u64::MAX));
        assert_eq!(absorbed(Gauge(2.0), &Gauge(3.0)), Gauge(2.0));
        assert_eq!(
            absorbed(
                Histogram(vec![(1.0, 2)]),
                &Histogram(vec![(1.0, 1), (4.0, 1)])
            ),
            Histogram(vec![(1.0, 3), (4.0, 1)])
        );
    }

    #[test]
    fn data_of_other_dimensions_units_or_kinds_are_other_series() {
        let datum = Datum::count(TIME, 1);
        assert!(datum.continues(&Datum::count(TIME, 7)));
        for other in [
            Datum::gauge(TIME, 1.0),
            datum.clone().with_unit(Unit::Seconds),
            datum.clone().with_resolution(Resolution::High),
            datum.clone().with_dimensions(Dimensions::new([("a", "b")])),
        ] {
            assert!(!datum.continues(&other), "{other:?}");
        }
    }
}
