//! Cuts the content of a file into records, holding one record at a time.

mod csv;
mod header;
mod json;
mod piece;
mod splitter;
mod step;
mod values;

pub use header::{Column, Field, Header, HeaderError, MAX_COLUMNS, REQUIRED};
pub use piece::{Form, Piece};
pub use splitter::Splitter;
pub use step::SplitError;
pub use values::Values;

#[cfg(test)]
mod tests;
