//! Why bytes are not a TT event.

/// Why bytes could not be read as a TT event.
///
/// The messages contain a position and no content. Errors of `serde_json` quote the text at that position, which is part of
/// a record, so they are not kept as a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, or cut off.
    #[error("not a TT event: invalid JSON at line {line} column {column}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON, but a field is missing or of the wrong type.
    #[error(
        "not a TT event: a field is missing or of the wrong type at line {line} column {column}"
    )]
    Fields {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON without a `schema` that names a TT event.
    #[error("not a TT event: no schema `tt-event/..`")]
    NoSchema,
    /// A TT event of a major version that this build does not know.
    #[error("TT event of unknown major version {major}, this build reads version 1")]
    UnknownMajor {
        /// The major version found.
        major: u64,
    },
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        if error.is_data() {
            Self::Fields { line, column }
        } else {
            Self::Json { line, column }
        }
    }
}
