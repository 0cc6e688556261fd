//! What an attribute declares: its function, its metrics and their dimensions.

mod check;

pub use check::{check, distinct};

use crate::{
    declare::kind::Kind,
    metric::{Metric, MetricName, Resolution, Unit, dimension::OTHER},
};

/// The dimension that says how a call failed.
pub(crate) const ERROR: &str = "Error";

/// The value of that dimension for a call that panicked.
const PANIC: &str = "Panic";

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
    /// Metric that holds a level which the program measures ([`gauge!`](crate::gauge!)).
    pub gauge: Option<MetricName>,
    /// The unit of what is counted or measured; durations are in milliseconds, and levels count calls.
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
            gauge: None,
            unit: Unit::Count,
            resolution: Resolution::Standard,
            dimensions: &[],
            errors: &[],
        }
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
