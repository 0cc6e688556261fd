//! One counted function: what an attribute declared, in one link-time list.

use crate::{MetricName, Outcome};

/// Every site of the binary, collected by the linker; empty when nothing is counted.
#[linkme::distributed_slice]
pub static SITES: [Site];

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
}

impl Declaration {
    /// The metric that a kind of count goes to, if one was declared.
    pub(crate) fn metric(&self, kind: Kind) -> Option<MetricName> {
        match kind {
            Kind::Calls => self.calls,
            Kind::Success => self.success,
            Kind::Failure => self.failure,
            Kind::Neutral => self.neutral,
            Kind::Interrupted => self.interrupted,
        }
    }
}

/// The static that an attribute places beside a function.
// The alignment makes the size a power of two, so the index of a site is one subtraction and one shift.
#[derive(Debug)]
#[repr(align(256))]
pub struct Site {
    /// What the attribute declared.
    pub declaration: Declaration,
}

impl Site {
    /// Makes the site of one attribute.
    #[must_use]
    pub const fn new(declaration: Declaration) -> Self {
        Self { declaration }
    }
}

/// What a cell of a site counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Kind {
    Calls = 0,
    Success = 1,
    Failure = 2,
    Neutral = 3,
    Interrupted = 4,
}

impl Kind {
    /// Every kind, in the order of the cells.
    pub(crate) const ALL: [Self; 5] = [
        Self::Calls,
        Self::Success,
        Self::Failure,
        Self::Neutral,
        Self::Interrupted,
    ];
}

impl From<Outcome> for Kind {
    #[inline]
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success,
            Outcome::Failure => Self::Failure,
            Outcome::Neutral => Self::Neutral,
            Outcome::Interrupted => Self::Interrupted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_site_is_a_power_of_two() {
        assert!(size_of::<Site>().is_power_of_two());
    }
}
