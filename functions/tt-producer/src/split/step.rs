//! What the reader of a format finds at the head of the content.

use super::header::HeaderError;

/// Why a part of a file is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A record above the limit.
    #[error("record is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// A CSV row whose quotes do not pair, so that it would contain other rows.
    #[error("quotes of the row do not pair")]
    Quotes,
    /// A header that is wrong, and that no row follows.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A header that is no text.
    #[error("file is binary, only text is read: CSV, JSON Lines or JSON, also with gzip")]
    Binary,
    /// A JSON array that ends without its closing bracket.
    #[error("array is not closed")]
    NotClosed,
    /// Text behind the closing bracket of a JSON array.
    #[error("text follows the closing bracket of the array")]
    Trailing,
}

/// What is found at the head of the window.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing whole yet.
    More,
    /// Bytes that belong to no record.
    Skip(usize),
    /// A record of `length` bytes; the next one begins after `consumed`.
    Record {
        length: usize,
        consumed: usize,
        backslash: bool,
    },
    /// No record; the next one begins after `consumed`.
    Fault {
        error: SplitError,
        length: usize,
        consumed: usize,
        truncated: bool,
    },
    /// A wrong header that no row followed. It is kept by the reader.
    LoneHeader(HeaderError),
    /// No record, and none can be found behind it.
    Rest(SplitError),
}

/// Blanks, and the bytes with which tools pad or end a file: zero, and Ctrl-Z.
pub(super) fn is_padding(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0 | 0x0b | 0x1a)
}

/// A line without the padding at its end.
pub(super) fn trim_padding(line: &[u8]) -> &[u8] {
    let padding = line.iter().rev().take_while(|byte| is_padding(**byte));
    line.get(..line.len() - padding.count()).unwrap_or_default()
}
