//! Checks of a declaration that need more than the tokens of the attribute: the values of types, and names in constants.
//!
//! The generated code calls these functions in a `const`. They track their caller, so the compiler reports each mistake
//! in the attribute.

use super::Declaration;
use crate::metric::{MetricName, dimension::is_value, limits};

/// The maximum number of combinations of dimension values of one function, which one `PutMetricData` request can carry.
const MAX_SERIES: usize = limits::MAX_REQUEST_METRICS;

/// Keys that documents of the embedded metric format use for other purposes.
const PROPERTIES: [&str; 3] = ["_aws", "request_id", "cold_start"];

/// Refuses dimensions without values, too many combinations, and invalid values.
///
/// # Panics
///
/// When the declaration violates one of these rules.
#[track_caller]
pub const fn check(declaration: &Declaration) {
    let mut dimensions = declaration.dimensions;
    while let [dimension, rest @ ..] = dimensions {
        assert!(dimension.radix() > 0, "a dimension has at least one value");
        check_values(dimension.values);
        dimensions = rest;
    }
    assert!(
        declaration.series() <= MAX_SERIES,
        "the dimensions have more than 1000 combinations of values, and each is a metric"
    );
    check_values(declaration.errors);
}

/// Refuses a metric with the name of another metric or dimension of its attribute, or of a property. Each name comes with
/// its error message.
///
/// # Panics
///
/// When the name is already used.
#[track_caller]
pub const fn distinct(
    metric: Option<MetricName>,
    metrics: &[(Option<MetricName>, &str)],
    dimensions: &[(&str, &str)],
    property: &str,
) {
    let Some(metric) = metric else { return };
    let metric = metric.as_str();
    let mut others = metrics;
    while let [(other, sentence), rest @ ..] = others {
        if let Some(other) = other {
            assert!(!same(metric, other.as_str()), "{}", *sentence);
        }
        others = rest;
    }
    let mut others = dimensions;
    while let [(other, sentence), rest @ ..] = others {
        assert!(!same(metric, other), "{}", *sentence);
        others = rest;
    }
    let mut others: &[&str] = &PROPERTIES;
    while let [other, rest @ ..] = others {
        assert!(!same(metric, other), "{}", property);
        others = rest;
    }
}

#[track_caller]
const fn check_values(values: &[&str]) {
    let mut values = values;
    while let [value, rest @ ..] = values {
        assert!(
            is_value(value),
            "a dimension value has 1 to 1024 printable ASCII characters, not only spaces"
        );
        values = rest;
    }
}

const fn same(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    loop {
        match (one, other) {
            ([], []) => return true,
            ([left, one_rest @ ..], [right, other_rest @ ..]) if *left == *right => {
                (one, other) = (one_rest, other_rest);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::DeclaredDimension;

    const PLAIN: Declaration = Declaration {
        success: Some(MetricName::new("Done")),
        ..Declaration::new("f", "f.rs", 1, "")
    };

    #[test]
    fn a_thousand_combinations_pass() {
        check(&Declaration {
            dimensions: &[
                DeclaredDimension {
                    name: "One",
                    values: &["v"; 40],
                    max: 0,
                },
                DeclaredDimension {
                    name: "Two",
                    values: &["v"; 25],
                    max: 0,
                },
            ],
            ..PLAIN
        });
    }

    #[test]
    #[should_panic(expected = "more than 1000 combinations")]
    fn more_combinations_are_refused() {
        check(&Declaration {
            dimensions: &[
                DeclaredDimension {
                    name: "One",
                    values: &["v"; 40],
                    max: 0,
                },
                DeclaredDimension {
                    name: "Two",
                    values: &["v"; 26],
                    max: 0,
                },
            ],
            ..PLAIN
        });
    }

    #[test]
    #[should_panic(expected = "at least one value")]
    fn a_dimension_without_values_is_refused() {
        check(&Declaration {
            dimensions: &[DeclaredDimension {
                name: "One",
                values: &[],
                max: 0,
            }],
            ..PLAIN
        });
    }

    #[test]
    #[should_panic(expected = "printable ASCII")]
    fn a_value_with_a_line_feed_is_refused() {
        check(&Declaration {
            errors: &["a\nb"],
            ..PLAIN
        });
    }

    const NONE: [(&str, &str); 0] = [];

    const DONE: Option<MetricName> = PLAIN.success;
    const FAILED: Option<MetricName> = Some(MetricName::new("Failed"));
    const COLD_START: Option<MetricName> = Some(MetricName::new("cold_start"));

    #[test]
    fn another_name_passes() {
        distinct(
            DONE,
            &[(None, "without a name"), (FAILED, "another metric")],
            &[("Don", "shorter"), ("Done.", "longer")],
            "a property",
        );
    }

    #[test]
    #[should_panic(expected = "the second metric")]
    fn one_metric_behind_two_constants_is_refused() {
        let others = [(FAILED, "the first metric"), (DONE, "the second metric")];
        distinct(DONE, &others, &NONE, "a property");
    }

    #[test]
    #[should_panic(expected = "a dimension")]
    fn a_metric_named_as_a_dimension_is_refused() {
        distinct(DONE, &[], &[("Done", "a dimension")], "a property");
    }

    #[test]
    #[should_panic(expected = "a property")]
    fn a_metric_named_as_a_property_is_refused() {
        distinct(COLD_START, &[], &NONE, "a property");
    }
}
