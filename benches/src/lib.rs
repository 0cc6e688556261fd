//! Ways of counting how one call ended, and what measures them side by side.
#![expect(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "the functions end in each way, and do nothing else"
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
