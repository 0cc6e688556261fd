//! The declaration of an attribute: its function, its metrics and their dimensions.

mod check;

pub use check::{check, distinct};

use crate::{
    declare::kind::Kind,
    metric::{Metric, MetricName, Resolution, Unit, dimension::OTHER},
};

/// The name of the dimension of `failure_by`.
pub(crate) const ERROR: &str = "Error";

/// The value of the dimension `Error` for a call that panicked.
const PANIC: &str = "Panic";

/// The values of the dimension `Error` in addition to those of the error type.
pub(crate) const MORE_ERRORS: [&str; 2] = [PANIC, OTHER];

/// The declaration of one attribute on one function.
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
    /// Metric that counts the outcome [`Outcome::Success`](crate::Outcome::Success).
    pub success: Option<MetricName>,
    /// Metric that counts the outcome [`Outcome::Failure`](crate::Outcome::Failure).
    pub failure: Option<MetricName>,
    /// Metric that counts the outcome [`Outcome::Neutral`](crate::Outcome::Neutral).
    pub neutral: Option<MetricName>,
    /// Metric that counts the outcome [`Outcome::Interrupted`](crate::Outcome::Interrupted).
    pub interrupted: Option<MetricName>,
    /// Metric of the durations of calls.
    pub latency: Option<MetricName>,
    /// Metric of the number of open calls.
    pub in_flight: Option<MetricName>,
    /// Metric of a value that the program measures ([`gauge!`](crate::gauge!)).
    pub gauge: Option<MetricName>,
    /// The unit of counters and of `gauge`. Durations are in milliseconds, and `in_flight` counts calls.
    pub unit: Unit,
    /// The storage resolution of each of these metrics.
    pub resolution: Resolution,
    /// The dimensions of each counter (`dimensions(..)`).
    pub dimensions: &'static [DeclaredDimension],
    /// The values of the dimension `Error` (`failure_by`); empty without that argument.
    pub errors: &'static [&'static str],
}

/// One dimension and its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredDimension {
    /// The name.
    pub name: &'static str,
    /// The values; empty for free text.
    pub values: &'static [&'static str],
    /// The maximum number of different values of free text; all further ones are `Other`. 0 for listed values.
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
            gauge: None,
            unit: Unit::Count,
            resolution: Resolution::Standard,
            dimensions: &[],
            errors: &[],
        }
    }

    /// The number of combinations of dimension values; 0 without dimensions.
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

    /// The values of the dimension `Error`: those of the type, then of a panic, then of a failure without an error.
    pub(crate) fn error_values(&self) -> impl Iterator<Item = &'static str> + use<> {
        let more: &[&str] = if self.errors.is_empty() {
            &[]
        } else {
            &MORE_ERRORS
        };
        self.errors.iter().chain(more).copied()
    }

    /// The name of the metric for a kind of count, if one was declared.
    pub(crate) const fn metric_name(&self, kind: Kind) -> Option<MetricName> {
        match kind {
            Kind::Calls => self.calls,
            Kind::Success => self.success,
            Kind::Failure => self.failure,
            Kind::Neutral => self.neutral,
            Kind::Interrupted => self.interrupted,
            Kind::Began => None,
        }
    }

    /// The metric for a kind of count, if one was declared.
    pub(crate) fn metric(&self, kind: Kind) -> Option<Metric> {
        Some(Metric {
            name: self.metric_name(kind)?,
            unit: self.unit,
            resolution: self.resolution,
        })
    }
}

impl DeclaredDimension {
    /// The number of different values.
    pub(crate) const fn radix(&self) -> usize {
        if self.max > 0 {
            self.max as usize + 1
        } else {
            self.values.len()
        }
    }
}
