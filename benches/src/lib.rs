//! Ways of counting the outcome of a call, and the measurement that compares them.
#![expect(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "the functions return errors and panic only for the measurement"
)]

mod case;
pub mod documents;
pub mod functions;
pub mod futures;
mod side_by_side;
mod table;

pub use case::Case;
pub use side_by_side::{Measured, measure};
pub use table::table;
