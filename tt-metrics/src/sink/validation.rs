//! Validation: data that CloudWatch would refuse are dropped before they reach a sink, since CloudWatch refuses the whole
//! request that contains one.

use crate::metric::{
    Datum, DimensionSets, Dimensions, Value,
    limits::{self, Violation},
};

/// Drops what CloudWatch would refuse. Returns the number of data that lost a part, and the reason for the first one.
pub(crate) fn drop_invalid(
    data: &mut Vec<Datum>,
    sets: &DimensionSets,
) -> Option<(u64, Violation)> {
    let mut dropped: Option<(u64, Violation)> = None;
    data.retain_mut(|datum| {
        let result = check(datum, sets);
        let valid = result.is_ok();
        if let Err(violation) = result.and(check_observations(datum)) {
            match &mut dropped {
                Some((number, _)) => *number += 1,
                None => dropped = Some((1, violation)),
            }
        }
        valid && !is_empty(datum)
    });
    dropped
}

/// Neither transport can represent a histogram without an observation.
fn is_empty(datum: &Datum) -> bool {
    matches!(&datum.value, Value::Histogram(observed) if observed.is_empty())
}

fn check(datum: &Datum, sets: &DimensionSets) -> Result<(), Violation> {
    if let Value::Gauge(level) = datum.value {
        limits::check_value(level)?;
    }
    let name = datum.metric.as_str();
    let taken = |set: &Dimensions| set.iter().any(|(dimension, _)| dimension == name);
    // In the embedded metric format, metrics and dimensions share one key space.
    if name == "_aws" || taken(&datum.dimensions) || sets.as_slice().iter().any(taken) {
        return Err(Violation::Malformed(format!(
            "`{name}` is a metric and another key"
        )));
    }
    if datum.dimensions.is_empty() {
        return Ok(());
    }
    limits::check_dimensions(datum.dimensions.iter())?;
    let merged = sets.with(&datum.dimensions);
    let mut numbers = merged.iter().map(Vec::len);
    numbers
        .try_for_each(|number| limits::check_number("dimensions", number, limits::MAX_DIMENSIONS))
}

/// Drops single observations that are not valid numbers, and keeps the others.
fn check_observations(datum: &mut Datum) -> Result<(), Violation> {
    let Value::Histogram(observed) = &mut datum.value else {
        return Ok(());
    };
    let mut result = Ok(());
    observed.retain(|(value, times)| {
        let valid = limits::check_value(*value);
        let keep = valid.is_ok() && *times > 0;
        result = std::mem::replace(&mut result, Ok(())).and(valid);
        keep
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Dimensions, MetricName};

    const GOOD: MetricName = MetricName::new("Good");
    const BAD: MetricName = MetricName::new("Bad");

    fn validated(data: &[Datum]) -> (Vec<Datum>, u64) {
        let mut data = data.to_vec();
        let service = Dimensions::new([("service", "orders")]);
        let sets = DimensionSets::new([service]).expect("valid");
        let dropped = drop_invalid(&mut data, &sets);
        (data, dropped.map_or(0, |(number, _)| number))
    }

    #[test]
    fn one_invalid_datum_does_not_affect_the_others() {
        let good = Datum::count(GOOD, 1);
        let many = (0..30).map(|number| (format!("d{number}"), "v"));
        for bad in [
            Datum::gauge(BAD, f64::NAN),
            Datum::gauge(BAD, f64::NEG_INFINITY),
            Datum::count(MetricName::new("_aws"), 1),
            Datum::count(MetricName::new("service"), 1),
            Datum::count(BAD, 1).with_dimensions(Dimensions::new([("Bad", "v")])),
            Datum::count(BAD, 1).with_dimensions(Dimensions::new([("a", "")])),
            Datum::count(BAD, 1).with_dimensions(Dimensions::new([("a", "1"), ("a", "2")])),
            Datum::count(BAD, 1).with_dimensions(Dimensions::new(many)),
            Datum::histogram(BAD, [(f64::NAN, 1)]),
        ] {
            assert_eq!(validated(&[bad, good.clone()]), (vec![good.clone()], 1));
        }
    }

    #[test]
    fn thirty_dimensions_pass_and_one_more_does_not_those_of_all_metrics_included() {
        let own = |number: usize| {
            let own = (0..number).map(|number| (format!("d{number}"), "v"));
            Datum::count(GOOD, 1).with_dimensions(Dimensions::new(own))
        };
        // One more is `service`.
        assert_eq!(validated(&[own(29)]), (vec![own(29)], 0));
        assert_eq!(validated(&[own(30)]), (Vec::new(), 1));
    }

    #[test]
    fn each_datum_that_loses_a_part_is_counted_once() {
        let bad = Datum::gauge(BAD, f64::NAN);
        let in_part = Datum::histogram(BAD, [(f64::NAN, 1), (f64::INFINITY, 2), (1.0, 1)]);
        let left = Datum::histogram(BAD, [(1.0, 1)]);
        let data = [bad.clone(), in_part, Datum::count(GOOD, 1), bad];
        assert_eq!(validated(&data), (vec![left, Datum::count(GOOD, 1)], 3));
    }

    #[test]
    fn one_invalid_observation_does_not_affect_the_others() {
        let histogram = Datum::histogram(BAD, [(1.0, 2), (f64::INFINITY, 1), (3.0, 0)]);
        let left = Datum::histogram(BAD, [(1.0, 2)]);
        assert_eq!(validated(&[histogram]), (vec![left], 1));
    }

    #[test]
    fn a_histogram_without_observations_is_left_out_and_not_counted_as_dropped() {
        let none = Datum::histogram(BAD, []);
        assert_eq!(validated(&[none]), (Vec::new(), 0));
    }
}
