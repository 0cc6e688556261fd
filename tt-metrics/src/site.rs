//! One counted function: what an attribute declared, in one link-time list.

use crate::MetricName;

/// Every site of the binary, collected by the linker.
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

/// The static that an attribute places beside a function.
#[derive(Debug)]
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
