//! One counted function, in a list that the linker collects.

use crate::declare::{declaration::Declaration, level::Level, texts::Texts};

/// Every counted function of the program, collected by the linker.
#[linkme::distributed_slice]
pub static TT_METRICS_0_1_SITES: [Site];

pub use TT_METRICS_0_1_SITES as SITES;

/// The static that an attribute creates for its function.
// The alignment makes the size a power of two, so the index of a site is one subtraction and one shift.
#[derive(Debug)]
#[repr(align(32))]
pub struct Site {
    /// The declaration of the attribute.
    pub declaration: &'static Declaration,
    // This reference keeps the record in the program.
    record: &'static [u8],
    tracks_open_calls: bool,
    state: Option<&'static State>,
}

/// State that few sites have in addition to their cells.
#[derive(Debug)]
pub struct State {
    /// The values of each dimension of free text.
    pub texts: &'static [Texts],
    /// The open calls (`in_flight`).
    pub level: Level,
}

impl Site {
    /// Creates the site of an attribute with its record in the catalogue.
    #[must_use]
    pub const fn new(declaration: &'static Declaration, record: &'static [u8]) -> Self {
        Self {
            declaration,
            record,
            tracks_open_calls: declaration.interrupted.is_some(),
            state: None,
        }
    }

    /// Whether each call is also counted when it begins, so that calls that never end can be counted as interrupted.
    #[inline]
    pub(crate) const fn tracks_open_calls(&self) -> bool {
        self.tracks_open_calls
    }

    /// Adds state to the site.
    #[must_use]
    pub const fn with(self, state: &'static State) -> Self {
        Self {
            state: Some(state),
            ..self
        }
    }

    /// The values of each dimension of free text.
    pub(crate) const fn texts(&self) -> &'static [Texts] {
        match self.state {
            Some(state) => state.texts,
            None => &[],
        }
    }

    /// The metric and the open calls, if the attribute has `in_flight`.
    pub(crate) fn level(&self) -> Option<(crate::metric::MetricName, &'static Level)> {
        Some((self.declaration.in_flight?, &self.state?.level))
    }

    /// Its record in the catalogue.
    pub(crate) const fn record(&self) -> &'static [u8] {
        self.record
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
