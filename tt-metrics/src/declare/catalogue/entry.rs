//! One entry of the catalogue, and the metrics that a declaration has.

use crate::{
    declare::declaration::Declaration,
    metric::{MetricName, Resolution, Unit},
};

/// One metric of one attribute or [`gauge!`](crate::gauge!). Two functions may declare the same metric.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// The metric's name.
    pub metric: &'a str,
    /// The unit in the spelling of CloudWatch.
    pub unit: &'a str,
    /// Whether it is a counter, a histogram or a gauge.
    pub kind: MetricKind,
    /// What it measures.
    pub meaning: Meaning,
    /// The storage resolution.
    pub resolution: Resolution,
    /// The dimension sets of the metric, without the dimensions of the configuration. The empty set is the total.
    pub dimensions: Vec<Vec<DimensionEntry<'a>>>,
    /// `module::path::function` of the counted function, or the module path of a `gauge!`.
    pub function: &'a str,
    /// The source file.
    pub file: &'a str,
    /// The line of the attribute.
    pub line: u32,
    /// The function's doc comment, or empty.
    pub doc: &'a str,
}

/// One dimension of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DimensionEntry<'a> {
    /// The name.
    pub name: &'a str,
    /// The values, or an empty list for free text.
    pub values: Vec<&'a str>,
    /// The maximum number of different values of free text besides `Other`; 0 for listed values.
    pub max: u16,
}

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricKind {
    /// A counter; each flush sends its growth.
    Counter,
    /// A distribution of values.
    Histogram,
    /// A value that rises and falls; each flush sends the current one.
    Gauge,
}

/// What a metric measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Meaning {
    /// Calls or items, independent of their outcome.
    Calls,
    /// Calls with the outcome [`Outcome::Success`](crate::Outcome::Success).
    Success,
    /// Calls with the outcome [`Outcome::Failure`](crate::Outcome::Failure).
    Failure,
    /// Calls with the outcome [`Outcome::Neutral`](crate::Outcome::Neutral).
    Neutral,
    /// Calls with the outcome [`Outcome::Interrupted`](crate::Outcome::Interrupted).
    Interrupted,
    /// Durations of calls.
    Latency,
    /// The number of open calls.
    InFlight,
    /// A value that the program measured with `gauge!`.
    Level,
}

impl MetricKind {
    /// The name in a record of the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Histogram => "histogram",
            Self::Gauge => "gauge",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Counter, Self::Histogram, Self::Gauge];
        all.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Meaning {
    pub(super) const ALL: [Self; 8] = [
        Self::Calls,
        Self::Success,
        Self::Failure,
        Self::Neutral,
        Self::Interrupted,
        Self::Latency,
        Self::InFlight,
        Self::Level,
    ];

    /// The name in a record of the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Neutral => "neutral",
            Self::Interrupted => "interrupted",
            Self::Latency => "latency",
            Self::InFlight => "in flight",
            Self::Level => "level",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|meaning| meaning.as_str() == name)
    }

    pub(super) const fn kind(self) -> MetricKind {
        match self {
            Self::Latency => MetricKind::Histogram,
            Self::InFlight | Self::Level => MetricKind::Gauge,
            _ => MetricKind::Counter,
        }
    }

    pub(super) const fn unit(self, declaration: &Declaration) -> Unit {
        match self {
            Self::Latency => Unit::Milliseconds,
            Self::InFlight => Unit::Count,
            _ => declaration.unit,
        }
    }

    /// The metric of each meaning in a declaration, in the order of `ALL`.
    pub(super) const fn metrics(declaration: &Declaration) -> [Option<MetricName>; 8] {
        [
            declaration.calls,
            declaration.success,
            declaration.failure,
            declaration.neutral,
            declaration.interrupted,
            declaration.latency,
            declaration.in_flight,
            declaration.gauge,
        ]
    }
}
