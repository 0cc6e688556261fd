//! The catalogue: every metric that an attribute of this binary declares, known without running the code.

use crate::{
    metric::{MetricName, Unit},
    site::{Kind, SITES, Site},
};

/// One metric as one attribute declares it; two functions may declare the same metric.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Declared {
    /// The metric's name.
    pub metric: MetricName,
    /// Its unit.
    pub unit: Unit,
    /// What moves it.
    pub meaning: Meaning,
    /// `module::path::function` of the counted function.
    pub function: &'static str,
    /// Its source file.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
    /// The function's doc comment, or empty.
    pub doc: &'static str,
}

/// What moves a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Meaning {
    /// Calls, or items, whatever became of them.
    Calls,
    /// Calls that ended as [`Outcome::Success`](crate::Outcome::Success).
    Success,
    /// Calls that ended as [`Outcome::Failure`](crate::Outcome::Failure).
    Failure,
    /// Calls that ended as [`Outcome::Neutral`](crate::Outcome::Neutral).
    Neutral,
    /// Calls that ended as [`Outcome::Interrupted`](crate::Outcome::Interrupted).
    Interrupted,
}

/// Every metric that this binary declares, in the order of the link.
///
/// ```
/// for declared in tt_metrics::catalogue() {
///     println!("{} counts {:?} of {}", declared.metric, declared.meaning, declared.function);
/// }
/// ```
pub fn catalogue() -> impl Iterator<Item = Declared> {
    SITES.static_slice().iter().flat_map(declared)
}

fn declared(site: &'static Site) -> impl Iterator<Item = Declared> {
    let declaration = &site.declaration;
    Kind::ALL.into_iter().filter_map(|kind| {
        Some(Declared {
            metric: declaration.metric(kind)?,
            unit: Unit::Count,
            meaning: kind.into(),
            function: declaration.function,
            file: declaration.file,
            line: declaration.line,
            doc: declaration.doc,
        })
    })
}

impl From<Kind> for Meaning {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Calls => Self::Calls,
            Kind::Success => Self::Success,
            Kind::Failure => Self::Failure,
            Kind::Neutral => Self::Neutral,
            Kind::Interrupted => Self::Interrupted,
        }
    }
}
