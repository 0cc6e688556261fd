//! The catalogue: every metric that an attribute or `gauge!` of this binary declares, known without running the code.
//!
//! [`catalogue`](catalogue()) lists what is linked into the running program. The same stands in the file of every program,
//! release builds included, and `read` (feature `catalogue-reader`) takes it from there without running anything.
//!
//! # Format
//!
//! Each attribute and each `gauge!` leaves one record of bytes in the section `.tt_metrics` of an ELF file (`__DATA,__tt_metrics` of a
//! Mach-O file). Records hold no pointers, so they need no relocation, and they stay through LTO, `--gc-sections` and
//! `strip`. They follow each other in the order of the link, with zero bytes between them or none. Numbers are little
//! endian, and a *text* is its length in bytes as `u32`, then UTF-8.
//!
//! | part of a record | |
//! |---|---|
//! | 4 bytes | `TTMC` |
//! | `u32` | version, 2; a reader of another version skips the record by its length and says so |
//! | `u32` | length of what follows, in bytes |
//! | text, text, `u32`, text | function with its module path, source file, line of the attribute, doc comment |
//! | `u8` | number of dimensions, then of each: |
//! | .. text, `u16`, `u16` | name, most values of free text (0: listed), number of listed values |
//! | .. .. text | each listed value |
//! | `u8` | number of metrics, then of each: |
//! | .. text, text, text, text | name, unit, kind (`counter`, `histogram`, `gauge`), meaning |
//! | .. `u8` | its storage resolution in seconds, 60 or 1 |
//! | .. `u8` | number of dimension sets the metric is sent with, then of each: |
//! | .. .. `u8`, then `u8` each | number of dimensions, and their positions in the list above |

#[cfg(feature = "catalogue-reader")]
mod binary;
mod record;

#[cfg(feature = "catalogue-reader")]
pub use binary::{ReadError, read};
#[doc(hidden)]
pub use record::{encode, encoded_len};

use crate::{
    declare::{declaration::Declaration, gauge::GAUGES, site::SITES},
    metric::{Resolution, Unit},
};

/// One metric as one attribute or one [`gauge!`](crate::gauge!) declares it; two functions may declare the same metric.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Declared<'a> {
    /// The metric's name.
    pub metric: &'a str,
    /// Its unit, in CloudWatch's spelling.
    pub unit: &'a str,
    /// How its values come about.
    pub kind: MetricKind,
    /// What moves it.
    pub meaning: Meaning,
    /// How fine CloudWatch stores it.
    pub resolution: Resolution,
    /// The dimension sets that it is sent with, beside the dimensions of the configuration; the empty set is its sum.
    pub dimensions: Vec<Vec<Dimension<'a>>>,
    /// `module::path::function` of the counted function; of a `gauge!` the module alone.
    pub function: &'a str,
    /// Its source file.
    pub file: &'a str,
    /// The line of the attribute.
    pub line: u32,
    /// The function's doc comment, or empty.
    pub doc: &'a str,
}

/// One dimension that an attribute declares.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dimension<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its values, or empty for free text.
    pub values: Vec<&'a str>,
    /// How many different values free text may bring, besides `Other`; 0 for listed values.
    pub max: u16,
}

/// How the values of a metric come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricKind {
    /// Grows; each flush sends the growth.
    Counter,
    /// Many values, sent as a distribution.
    Histogram,
    /// A level; each flush sends where it is.
    Gauge,
}

/// What moves a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// How long calls took.
    Latency,
    /// How many calls were open at once.
    InFlight,
    /// A level that the program measures.
    Level,
}

/// Every metric that this binary declares, in the order of the link.
///
/// ```
/// for declared in tt_metrics::catalogue() {
///     println!("{} counts {:?} of {}", declared.metric, declared.meaning, declared.function);
/// }
/// ```
pub fn catalogue() -> impl Iterator<Item = Declared<'static>> {
    let sites = SITES
        .static_slice()
        .iter()
        .map(crate::declare::Site::record);
    let gauges = GAUGES
        .static_slice()
        .iter()
        .map(crate::declare::gauge::Gauge::record);
    sites
        .chain(gauges)
        .flat_map(|record| record::decode(record).unwrap_or_default())
}

/// The name of every metric that this binary declares.
pub(crate) fn metric_names() -> impl Iterator<Item = crate::metric::MetricName> {
    let sites = SITES.static_slice().iter().map(|site| site.declaration);
    let gauges = GAUGES.static_slice().iter().map(|gauge| gauge.declaration);
    sites
        .chain(gauges)
        .flat_map(|one| Meaning::metrics(one).into_iter().flatten())
}

impl MetricKind {
    /// The word for it in the catalogue of a binary.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Histogram => "histogram",
            Self::Gauge => "gauge",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Counter, Self::Histogram, Self::Gauge];
        all.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Meaning {
    const ALL: [Self; 8] = [
        Self::Calls,
        Self::Success,
        Self::Failure,
        Self::Neutral,
        Self::Interrupted,
        Self::Latency,
        Self::InFlight,
        Self::Level,
    ];

    /// The word for it in the catalogue of a binary.
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

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|meaning| meaning.as_str() == name)
    }

    const fn kind(self) -> MetricKind {
        match self {
            Self::Latency => MetricKind::Histogram,
            Self::InFlight | Self::Level => MetricKind::Gauge,
            _ => MetricKind::Counter,
        }
    }

    const fn unit(self, declaration: &Declaration) -> Unit {
        match self {
            Self::Latency => Unit::Milliseconds,
            Self::InFlight => Unit::Count,
            _ => declaration.unit,
        }
    }

    /// The metric of a declaration that each of them moves, in the order of `ALL`.
    const fn metrics(declaration: &Declaration) -> [Option<crate::metric::MetricName>; 8] {
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
