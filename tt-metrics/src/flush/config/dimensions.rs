//! The sets of dimensions of a process, from its environment.

use std::collections::BTreeSet;

use super::variable::{ConfigError, DIMENSIONS, SERVICE, quoted};
use crate::{
    flush::health::Health,
    metric::{DimensionSets, Dimensions, MetricName, dimensions::Pair, limits},
};

/// Reads `name=value,name=value;name=value`. Sets are separated by `;`, and an empty set has no dimensions. The service is
/// the first dimension of each set.
pub(super) fn parse(
    value: Option<&str>,
    service: Option<&str>,
    metrics: &BTreeSet<MetricName>,
) -> Result<DimensionSets, ConfigError> {
    let service: Option<Pair> = match service {
        Some(service) => Some(("service".into(), parse_service(service, metrics)?.into())),
        None => None,
    };
    let text = value.unwrap_or_default();
    let error = |expected: String| ConfigError {
        variable: DIMENSIONS,
        found: quoted(text),
        expected,
        example: "stage=prod",
    };
    let mut sets = Vec::new();
    for set in text.split(';') {
        let own = parse_set(set)
            .ok_or_else(|| error("`name=value` pairs with commas between them".to_owned()))?;
        if service.is_some() && own.iter().any(|(name, _)| name == "service") {
            return Err(error(format!("no `service`, which {SERVICE} names")));
        }
        sets.push(Dimensions::new(service.iter().cloned().chain(own)));
    }
    let sets = DimensionSets::new(sets)
        .map_err(|violation| error(format!("a list of CloudWatch dimensions ({violation})")))?;
    if let Some((name, _)) = sets.distinct().find(|(name, _)| is_taken(name, metrics)) {
        return Err(error(format!(
            "dimension names other than `{name}`, which is also a metric or a reserved key"
        )));
    }
    Ok(sets)
}

fn parse_set(text: &str) -> Option<Vec<Pair>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((
            name.trim().to_owned().into(),
            value.trim().to_owned().into(),
        ))
    };
    text.split(',').map(pair).collect()
}

fn parse_service(service: &str, metrics: &BTreeSet<MetricName>) -> Result<String, ConfigError> {
    let error = |expected: String| ConfigError {
        variable: SERVICE,
        found: quoted(service),
        expected,
        example: "orders",
    };
    limits::check_dimensions([("service", service)])
        .map_err(|violation| error(format!("a CloudWatch dimension value ({violation})")))?;
    if is_taken("service", metrics) {
        return Err(error("to be unset, since `service` is a metric".to_owned()));
    }
    Ok(service.to_owned())
}

/// Whether a metric or the format uses this name: in the embedded metric format, dimensions and metrics share one key
/// space.
fn is_taken(name: &str, metrics: &BTreeSet<MetricName>) -> bool {
    let health = Health::NAMES.into_iter();
    name == "_aws"
        || health
            .chain(metrics.iter().copied())
            .any(|metric| metric.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(value: Option<&str>, service: Option<&str>) -> Result<Vec<String>, String> {
        let metrics = BTreeSet::from([MetricName::new("OrderShipped")]);
        let sets = parse(value, service, &metrics).map_err(|error| error.to_string())?;
        Ok(sets.as_slice().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn dimensions_keep_their_order() {
        let sets = parsed(Some("region=eu, stage=prod"), None);
        assert_eq!(sets, Ok(vec!["region=eu,stage=prod".to_owned()]));
    }

    #[test]
    fn sets_have_a_semicolon_between_them_and_one_may_be_empty() {
        let sets = parsed(Some("a=1;a=1,b=2;"), None).expect("valid");
        assert_eq!(sets, ["a=1", "a=1,b=2", ""]);
    }

    #[test]
    fn a_service_is_the_first_dimension_of_each_set() {
        let sets = parsed(Some("stage=prod;"), Some("orders")).expect("valid");
        assert_eq!(sets, ["service=orders,stage=prod", "service=orders"]);
        assert_eq!(
            parsed(None, Some("orders")),
            Ok(vec!["service=orders".to_owned()])
        );
        assert_eq!(parsed(None, None), Ok(vec![String::new()]));
    }

    #[test]
    fn dimensions_that_cannot_be_used_are_refused() {
        for (value, service) in [
            ("service", None),
            ("service=", None),
            ("a=1,a=2", None),
            ("a=1;a=2", None),
            ("a=1;a=1", None),
            (";", None),
            ("OrderShipped=x", None),
            ("MetricsDropped=x", None),
            ("_aws=x", None),
            ("service=x", Some("orders")),
            ("a=1", Some("\u{e9}")),
        ] {
            assert!(parsed(Some(value), service).is_err(), "{value}");
        }
    }
}
