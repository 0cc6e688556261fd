//! What an attribute declares: its function, its metrics and their dimensions.

use crate::{
    MetricName, Resolution, Unit,
    detail::PANIC,
    dimension::{OTHER, is_value},
    metric::Metric,
    site::Kind,
};

/// The dimension that says how a call failed.
pub(crate) const ERROR: &str = "Error";

/// Its values beside those of the error type.
pub(crate) const MORE_ERRORS: [&str; 2] = [PANIC, OTHER];

/// What one attribute declared about one function.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// `module::path::function`.
    pub function: &'static str,
    /// Source file.
    pub file: &'static str,
    /// Line of the attribute.
    pub line: u32,
    /// Doc comment of the function, or empty.
    pub doc: &'static str,
    /// Metric that counts calls (`#[count("..")]`).
    pub calls: Option<MetricName>,
    /// Metric that counts [`Outcome::Success`](crate::Outcome::Success).
    pub success: Option<MetricName>,
    /// Metric that counts [`Outcome::Failure`](crate::Outcome::Failure).
    pub failure: Option<MetricName>,
    /// Metric that counts [`Outcome::Neutral`](crate::Outcome::Neutral).
    pub neutral: Option<MetricName>,
    /// Metric that counts [`Outcome::Interrupted`](crate::Outcome::Interrupted).
    pub interrupted: Option<MetricName>,
    /// Metric that holds how long calls took.
    pub latency: Option<MetricName>,
    /// Metric that holds how many calls were open at once.
    pub in_flight: Option<MetricName>,
    /// The unit of what is counted; durations are in milliseconds, and levels count calls.
    pub unit: Unit,
    /// How fine CloudWatch stores each of these metrics.
    pub resolution: Resolution,
    /// The dimensions that the arguments of a call give to each counter.
    pub dimensions: &'static [DeclaredDimension],
    /// The values of the dimension `Error`, by which failures are counted too; empty when they are not.
    pub errors: &'static [&'static str],
}

/// One dimension and the values it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredDimension {
    /// Its name.
    pub name: &'static str,
    /// Its values; empty for free text.
    pub values: &'static [&'static str],
    /// How many different values free text may bring before all others are `Other`; 0 for listed values.
    pub max: u16,
}

impl Declaration {
    /// A declaration without any metric.
    #[must_use]
    pub const fn new(
        function: &'static str,
        file: &'static str,
        line: u32,
        doc: &'static str,
    ) -> Self {
        Self {
            function,
            file,
            line,
            doc,
            calls: None,
            success: None,
            failure: None,
            neutral: None,
            interrupted: None,
            latency: None,
            in_flight: None,
            unit: Unit::Count,
            resolution: Resolution::Standard,
            dimensions: &[],
            errors: &[],
        }
    }

    /// Every metric, declared or not.
    const fn metrics(&self) -> [Option<MetricName>; 7] {
        [
            self.calls,
            self.success,
            self.failure,
            self.neutral,
            self.interrupted,
            self.latency,
            self.in_flight,
        ]
    }

    /// How many combinations of dimension values there are; 0 without dimensions.
    pub(crate) const fn series(&self) -> usize {
        if self.dimensions.is_empty() {
            return 0;
        }
        let mut series = 1_usize;
        let mut rest = self.dimensions;
        while let [dimension, tail @ ..] = rest {
            series = series.saturating_mul(dimension.radix());
            rest = tail;
        }
        series
    }

    /// The values of the dimension `Error`: those of the type, of a panic, and of a failure without an error.
    pub(crate) fn error_values(&self) -> impl Iterator<Item = &'static str> + use<> {
        let more: &[&str] = if self.errors.is_empty() {
            &[]
        } else {
            &MORE_ERRORS
        };
        self.errors.iter().chain(more).copied()
    }

    /// The metric that a kind of count goes to, if one was declared.
    pub(crate) const fn metric(&self, kind: Kind) -> Option<MetricName> {
        match kind {
            Kind::Calls => self.calls,
            Kind::Success => self.success,
            Kind::Failure => self.failure,
            Kind::Neutral => self.neutral,
            Kind::Interrupted => self.interrupted,
            Kind::Began => None,
        }
    }

    /// The same with its unit and resolution.
    pub(crate) fn declared(&self, kind: Kind) -> Option<Metric> {
        Some(Metric {
            name: self.metric(kind)?,
            unit: self.unit,
            resolution: self.resolution,
        })
    }
}

/// The most combinations of dimension values of one function: the metrics of one request of `PutMetricData`.
const MAX_SERIES: usize = crate::limits::MAX_REQUEST_METRICS;

/// Keys that a document of the embedded metric format uses for itself and for the invocation.
const PROPERTIES: [&str; 3] = ["_aws", "request_id", "cold_start"];

/// Refuses at compile time what no attribute sees: the values of types, and the names behind constants.
///
/// # Panics
///
/// When the declaration breaks a rule.
pub const fn check(declaration: &Declaration) {
    let mut dimensions = declaration.dimensions;
    while let [dimension, rest @ ..] = dimensions {
        assert!(dimension.radix() > 0, "a dimension has at least one value");
        check_values(dimension.values);
        let mut metrics: &[Option<MetricName>] = &declaration.metrics();
        while let [metric, rest @ ..] = metrics {
            if let Some(metric) = metric {
                assert!(
                    !same(metric.as_str(), dimension.name),
                    "a dimension has the name of a metric, and both have one place in the log"
                );
            }
            metrics = rest;
        }
        dimensions = rest;
    }
    assert!(
        declaration.series() <= MAX_SERIES,
        "the dimensions have more than 1000 combinations of values, and each is a metric"
    );
    check_values(declaration.errors);
    let mut metrics: &[Option<MetricName>] = &declaration.metrics();
    while let [metric, rest @ ..] = metrics {
        if let Some(metric) = metric {
            assert!(
                !is_one_of(metric.as_str(), &PROPERTIES),
                "a metric has the name of a property that each flush may have"
            );
            let mut others = rest;
            while let [other, rest @ ..] = others {
                if let Some(other) = other {
                    assert!(
                        !same(metric.as_str(), other.as_str()),
                        "one metric has two meanings in this attribute"
                    );
                }
                others = rest;
            }
        }
        metrics = rest;
    }
}

const fn check_values(values: &[&str]) {
    let mut values = values;
    while let [value, rest @ ..] = values {
        assert!(
            is_value(value),
            "a dimension value has 1 to 1024 printable ASCII characters, at least one of them no space"
        );
        values = rest;
    }
}

const fn is_one_of(text: &str, words: &[&str]) -> bool {
    let mut words = words;
    while let [word, rest @ ..] = words {
        if same(text, word) {
            return true;
        }
        words = rest;
    }
    false
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

impl DeclaredDimension {
    /// How many values it may have.
    pub(crate) const fn radix(&self) -> usize {
        if self.max > 0 {
            self.max as usize + 1
        } else {
            self.values.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_value_that_is_no_text_is_refused() {
        check(&Declaration {
            errors: &["a\nb"],
            ..PLAIN
        });
    }

    #[test]
    #[should_panic(expected = "has the name of a metric")]
    fn a_dimension_named_as_a_metric_is_refused() {
        check(&Declaration {
            dimensions: &[DeclaredDimension {
                name: "Done",
                values: &["v"],
                max: 0,
            }],
            ..PLAIN
        });
    }

    #[test]
    #[should_panic(expected = "two meanings")]
    fn one_metric_behind_two_constants_is_refused() {
        check(&Declaration {
            latency: Some(MetricName::new("Done")),
            ..PLAIN
        });
    }

    #[test]
    #[should_panic(expected = "name of a property")]
    fn a_metric_named_as_a_property_is_refused() {
        check(&Declaration {
            latency: Some(MetricName::new("cold_start")),
            ..PLAIN
        });
    }
}
