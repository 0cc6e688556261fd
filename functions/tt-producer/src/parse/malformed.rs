//! Why a text is no record.

use crate::split::HeaderError;

/// Why a text is no record. The messages contain nothing of it but the name of a column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Bytes that are no UTF-8.
    #[error("byte {at} is not UTF-8, it may be Windows-1252")]
    NotUtf8 {
        /// The position of the byte, from 0.
        at: usize,
    },
    /// A value that is no UTF-8.
    #[error("column {column} (`{name}`) is not UTF-8, it may be Windows-1252")]
    Encoding {
        /// The column, from 1.
        column: usize,
        /// Its name, escaped and shortened.
        name: String,
    },
    /// A string with an escape that is none.
    #[error("a required field contains an invalid escape")]
    Escape,
    /// Text that is no JSON.
    #[error("invalid JSON at line {line} column {column}")]
    NotJson {
        /// The line of the record, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// JSON that is no object.
    #[error("not a JSON object")]
    NotObject,
    /// A row with more or fewer fields than the header.
    #[error("row has {found} fields, the header has {expected}")]
    FieldCount {
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// A header by which no row can be read.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A required field that is absent, null or empty.
    #[error("no value for `{0}`")]
    Missing(&'static str),
    /// A required field that is neither string nor number.
    #[error("`{0}` is neither a string nor a number")]
    Type(&'static str),
}
