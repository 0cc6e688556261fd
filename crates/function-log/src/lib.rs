//! Log lines of the functions: one event is one line, bounded and without control characters.
//!
//! The log service extracts metrics from every line of the log that is an embedded metric document. Object keys, error codes
//! and header names come from outside, and one of them may contain a line feed and such a document. Two types prevent
//! that this document becomes a separate line:
//!
//! - [`init`] installs the subscriber of the functions with a [`LineWriter`], which escapes control characters in
//!   everything that is logged, whatever field it comes from.
//! - [`Text`] escapes and shortens one text from outside where it becomes part of an error message or of a parked line.

mod line;
mod text;

pub use line::{LINE_BYTES, LineWriter};
pub use text::{TEXT_CHARACTERS, Text};

/// Installs the `tracing` subscriber of a function: the default one of the Lambda runtime, with bounded lines.
///
/// # Panics
///
/// When a subscriber is already installed.
pub fn init() {
    lambda_runtime::tracing::init_default_subscriber_with_writer(|| {
        LineWriter::new(std::io::stdout())
    });
}
