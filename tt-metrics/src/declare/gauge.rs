//! The gauges that a program declares, collected by the linker.

use crate::declare::declaration::Declaration;

/// Every `gauge!` of the binary, collected by the linker.
#[linkme::distributed_slice]
pub static GAUGES: [Gauge];

/// The static that [`gauge!`](crate::gauge!) places where it stands.
#[derive(Debug)]
pub struct Gauge {
    /// What it declares.
    pub(crate) declaration: &'static Declaration,
    // Named here so that the linker keeps it: nothing else refers to it.
    record: &'static [u8],
}

impl Gauge {
    /// Makes a gauge, with its record in the catalogue of the binary.
    #[must_use]
    pub const fn new(declaration: &'static Declaration, record: &'static [u8]) -> Self {
        Self {
            declaration,
            record,
        }
    }

    /// What the catalogue of the binary says about it.
    pub(crate) const fn record(&self) -> &'static [u8] {
        self.record
    }
}
