//! Configuration from the environment, read once at cold start.

mod dimensions;
mod namespace;
mod resolution;
mod variable;

use std::{collections::BTreeSet, env, time::Duration};

pub use variable::ConfigError;

use variable::{
    COLD_START, DELIVERY, DIMENSIONS, DISABLED, FLUSH_INTERVAL, FLUSH_TIMEOUT, NAMESPACE, ON_EMPTY,
    RESOLUTION, SERVICE, SINK, quoted,
};

use super::health::OnEmpty;
use crate::{
    declare::{catalogue, namespace::NAMESPACES},
    metric::{DimensionSets, MetricName, Namespace, Resolution},
    sink::{Delivery, SinkKind},
};

const DEFAULT_FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
// No Lambda runs longer than 15 minutes.
const MAX_FLUSH_TIMEOUT: Duration = Duration::from_secs(15 * 60);
// All counts of an interval get the timestamp of its end, so a longer interval would distort graphs.
const MAX_FLUSH_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// The settings for sending the metrics of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The CloudWatch namespace.
    pub namespace: String,
    /// The place to which metrics are sent.
    pub sink: SinkKind,
    /// The sets of dimensions under which every metric is sent.
    pub dimensions: DimensionSets,
    /// The coarsest resolution of any metric; a metric that is declared with a finer one keeps it.
    pub resolution: Resolution,
    /// The treatment of a request that CloudWatch may or may not have accepted.
    pub delivery: Delivery,
    /// The longest time of one flush.
    pub flush_timeout: Duration,
    /// The time for which counts may be kept across invocations; with zero they are sent after each one.
    pub flush_interval: Duration,
    /// The reaction to an invocation that moved no metric.
    pub on_empty: OnEmpty,
    /// Whether the first invocation of the process is counted as `ColdStart`.
    pub cold_start_metric: bool,
    /// Whether nothing is sent at all.
    pub disabled: bool,
}

impl Config {
    /// Reads the configuration from the environment.
    ///
    /// # Errors
    ///
    /// When a variable is missing, or has a value that CloudWatch or this build does not accept.
    pub fn from_env() -> Result<Self, ConfigError> {
        let metrics: BTreeSet<MetricName> = catalogue::metric_names().collect();
        Self::parse(
            |name| env::var_os(name).map(|value| value.to_string_lossy().into_owned()),
            &metrics,
            &NAMESPACES,
        )
    }

    fn parse(
        read: impl Fn(&str) -> Option<String>,
        metrics: &BTreeSet<MetricName>,
        stated: &[Namespace],
    ) -> Result<Self, ConfigError> {
        // CloudFormation cannot leave a variable out, so an empty value counts as not set.
        let read = |name| read(name).filter(|value| !value.trim().is_empty());
        let disabled = parse_flag(DISABLED, read(DISABLED).as_deref())?;
        Ok(Self {
            namespace: match read(NAMESPACE) {
                None if disabled => String::new(),
                value => namespace::parse(value.as_deref(), stated)?,
            },
            sink: parse_sink(read(SINK).as_deref())?,
            dimensions: dimensions::parse(
                read(DIMENSIONS).as_deref(),
                read(SERVICE).as_deref(),
                metrics,
            )?,
            resolution: resolution::parse(read(RESOLUTION).as_deref()),
            delivery: parse_delivery(read(DELIVERY).as_deref())?,
            flush_timeout: parse_flush_timeout(read(FLUSH_TIMEOUT).as_deref())?,
            flush_interval: parse_flush_interval(read(FLUSH_INTERVAL).as_deref())?,
            on_empty: parse_on_empty(read(ON_EMPTY).as_deref())?,
            cold_start_metric: parse_flag(COLD_START, read(COLD_START).as_deref())?,
            disabled,
        })
    }
}

fn parse_on_empty(value: Option<&str>) -> Result<OnEmpty, ConfigError> {
    match value {
        None | Some("ignore") => Ok(OnEmpty::Ignore),
        Some("warn") => Ok(OnEmpty::Warn),
        Some("fail") => Ok(OnEmpty::Fail),
        Some(other) => Err(ConfigError {
            variable: ON_EMPTY,
            found: quoted(other),
            expected: "`ignore`, `warn` or `fail`".to_owned(),
            example: "warn",
        }),
    }
}

fn parse_sink(value: Option<&str>) -> Result<SinkKind, ConfigError> {
    match value {
        None => Ok(SinkKind::DEFAULT),
        Some("emf") => Ok(SinkKind::Emf),
        Some("pretty") => Ok(SinkKind::Pretty),
        Some("put_metric_data") if cfg!(feature = "put-metric-data") => Ok(SinkKind::PutMetricData),
        Some(other) => Err(ConfigError {
            variable: SINK,
            found: quoted(other),
            expected: if cfg!(feature = "put-metric-data") {
                "`put_metric_data`, `emf` or `pretty`".to_owned()
            } else {
                "`emf` or `pretty`, since this build has no feature `put-metric-data`".to_owned()
            },
            example: "emf",
        }),
    }
}

fn parse_delivery(value: Option<&str>) -> Result<Delivery, ConfigError> {
    match value {
        None | Some("at_most_once") => Ok(Delivery::AtMostOnce),
        Some("at_least_once") => Ok(Delivery::AtLeastOnce),
        Some(other) => Err(ConfigError {
            variable: DELIVERY,
            found: quoted(other),
            expected: "`at_most_once` or `at_least_once`".to_owned(),
            example: "at_most_once",
        }),
    }
}

fn parse_flag(variable: &'static str, value: Option<&str>) -> Result<bool, ConfigError> {
    match value {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(ConfigError {
            variable,
            found: quoted(other),
            expected: "`true` or `false`".to_owned(),
            example: "true",
        }),
    }
}

fn parse_flush_timeout(value: Option<&str>) -> Result<Duration, ConfigError> {
    let Some(value) = value else {
        return Ok(DEFAULT_FLUSH_TIMEOUT);
    };
    let timeout = value.parse().ok().map(Duration::from_millis);
    match timeout.filter(|timeout| !timeout.is_zero() && *timeout <= MAX_FLUSH_TIMEOUT) {
        Some(timeout) => Ok(timeout),
        None => Err(ConfigError {
            variable: FLUSH_TIMEOUT,
            found: quoted(value),
            expected: "a whole number of milliseconds, 1 to 900000".to_owned(),
            example: "2000",
        }),
    }
}

fn parse_flush_interval(value: Option<&str>) -> Result<Duration, ConfigError> {
    let interval = value.map_or(Some(0), |value| value.parse().ok());
    let interval = interval.map(Duration::from_millis);
    match (interval.filter(|it| *it <= MAX_FLUSH_INTERVAL), value) {
        (Some(interval), _) => Ok(interval),
        (None, value) => Err(ConfigError {
            variable: FLUSH_INTERVAL,
            found: quoted(value.unwrap_or_default()),
            expected: "a whole number of milliseconds, 0 to 900000".to_owned(),
            example: "10000",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &str)]) -> Result<Config, String> {
        let metrics = BTreeSet::from([MetricName::new("OrderShipped")]);
        let read = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::parse(read, &metrics, &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_namespace_is_all_that_is_needed() {
        let config = parse(&[(NAMESPACE, "shop/Orders")]).expect("valid");
        assert_eq!(config.namespace, "shop/Orders");
        assert_eq!(config.dimensions, DimensionSets::default());
        assert_eq!(config.delivery, Delivery::AtMostOnce);
        assert!(!config.disabled);
    }

    #[test]
    fn an_error_names_variable_value_expectation_and_example() {
        assert_eq!(
            parse(&[(NAMESPACE, "AWS/Lambda")]).expect_err("reserved"),
            "environment variable TT_METRICS_NAMESPACE is `AWS/Lambda`, expected a CloudWatch namespace \
             (a namespace must not start with `AWS/`), for example `TT_METRICS_NAMESPACE=shop/Orders`"
        );
    }

    #[test]
    fn an_empty_variable_counts_as_missing() {
        let error = parse(&[(NAMESPACE, "")]).expect_err("missing");
        assert!(error.contains("TT_METRICS_NAMESPACE is not set"), "{error}");
    }

    #[test]
    fn values_that_cannot_be_used_are_refused() {
        for (variable, value) in [
            (SINK, "stdout"),
            (DELIVERY, "exactly_once"),
            (DISABLED, "yes"),
            (ON_EMPTY, "raise"),
            (COLD_START, "on"),
            (FLUSH_TIMEOUT, "2s"),
            (FLUSH_TIMEOUT, "0"),
            (FLUSH_INTERVAL, "10s"),
            (FLUSH_INTERVAL, "900001"),
            (DIMENSIONS, "service"),
        ] {
            let error = parse(&[(NAMESPACE, "n"), (variable, value)]).expect_err(value);
            assert!(error.contains(variable) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn a_disabled_process_needs_no_namespace() {
        assert!(parse(&[(DISABLED, "true")]).expect("valid").disabled);
    }
}
