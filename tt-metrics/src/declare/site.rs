//! One counted function: where its counts go, in one link-time list.

use crate::declare::{declaration::Declaration, level::Level, texts::Texts};

/// Every site of the binary, collected by the linker; empty when nothing is counted.
#[linkme::distributed_slice]
pub static SITES: [Site];

/// The static that an attribute places beside a function.
// The alignment makes the size a power of two, so the index of a site is one subtraction and one shift.
#[derive(Debug)]
#[repr(align(32))]
pub struct Site {
    /// What the attribute declared.
    pub declaration: &'static Declaration,
    // Named here so that the linker keeps it: nothing else refers to it.
    record: &'static [u8],
    knows_open_calls: bool,
    state: Option<&'static State>,
}

/// What few sites keep beside their cells.
#[derive(Debug)]
pub struct State {
    /// The texts of each dimension of free text.
    pub texts: &'static [Texts],
    /// The calls that are open.
    pub level: Level,
}

impl Site {
    /// Makes the site of one attribute, with its record in the catalogue of the binary.
    #[must_use]
    pub const fn new(declaration: &'static Declaration, record: &'static [u8]) -> Self {
        Self {
            declaration,
            record,
            knows_open_calls: declaration.interrupted.is_some(),
            state: None,
        }
    }

    /// Whether each call is counted when it begins, so that those that never end can be told.
    #[inline]
    pub(crate) const fn knows_open_calls(&self) -> bool {
        self.knows_open_calls
    }

    /// The same site with more to keep than counts.
    #[must_use]
    pub const fn with(self, state: &'static State) -> Self {
        Self {
            state: Some(state),
            ..self
        }
    }

    /// The texts of each dimension of free text.
    pub(crate) const fn texts(&self) -> &'static [Texts] {
        match self.state {
            Some(state) => state.texts,
            None => &[],
        }
    }

    /// The calls that are open, if the attribute asks for them.
    pub(crate) fn level(&self) -> Option<(crate::metric::MetricName, &'static Level)> {
        Some((self.declaration.in_flight?, &self.state?.level))
    }

    /// What the catalogue of the binary says about this site.
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
