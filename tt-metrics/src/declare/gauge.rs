//! The gauges that a program declares, collected by the linker.

use crate::declare::declaration::Declaration;

/// Every `gauge!` of the program, collected by the linker.
#[linkme::distributed_slice]
pub static TT_METRICS_0_1_GAUGES: [Gauge];

pub use TT_METRICS_0_1_GAUGES as GAUGES;

/// The static that each [`gauge!`](crate::gauge!) creates.
#[derive(Debug)]
pub struct Gauge {
    /// The declaration of the metric.
    pub(crate) declaration: &'static Declaration,
    // This reference keeps the record in the program.
    record: &'static [u8],
}

impl Gauge {
    /// Creates a gauge with its record in the catalogue.
    #[must_use]
    pub const fn new(declaration: &'static Declaration, record: &'static [u8]) -> Self {
        Self {
            declaration,
            record,
        }
    }

    /// Its record in the catalogue.
    pub(crate) const fn record(&self) -> &'static [u8] {
        self.record
    }
}
