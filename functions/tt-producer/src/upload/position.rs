//! A position in a file, with everything that reading on from there depends on.

use serde::{Deserialize, Serialize};

/// The position of a record in a file: everything before it is settled, nothing behind it is received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The number of the record.
    pub index: u64,
    /// Where it begins in the unpacked content.
    pub offset: u64,
    /// What the content before has decided.
    #[serde(default)]
    pub reader: Reader,
}

/// What the content before a position has decided about the content behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// Nothing: the format is detected here.
    #[default]
    Unknown,
    /// The file is CSV.
    Csv(Csv),
    /// The file is JSON.
    Json(Json),
    /// No record follows.
    End,
}

/// The state of a CSV file between two rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Csv {
    /// The delimiter, once a `sep=` line or the header has decided it.
    pub delimiter: Option<u8>,
    /// Whether a backslash in front of a quote escapes it.
    #[serde(default)]
    pub backslash: bool,
    /// The header row, once there is one. The row itself is read again: it may be longer than a message.
    #[serde(default)]
    pub header: Option<HeaderPlace>,
    /// The number of different headers.
    #[serde(default)]
    pub headers: u16,
    /// Whether a row followed the header.
    #[serde(default)]
    pub rows: bool,
    /// Whether the position is within a row that is too long.
    #[serde(default)]
    pub skipping: bool,
}

/// The place of a header row in the unpacked content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderPlace {
    /// Where it begins.
    pub offset: u64,
    /// Its bytes.
    pub length: usize,
    /// Whether it can be read as a row.
    pub readable: bool,
    /// Whether these are only its first bytes.
    pub truncated: bool,
}

/// The state of a JSON file between two values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Json {
    /// Whether the position is within an array.
    #[serde(default)]
    pub array: bool,
    /// Whether an array was closed and nothing follows it so far.
    #[serde(default)]
    pub closed: bool,
    /// Whether a value came before.
    #[serde(default)]
    pub values: bool,
    /// Blanks between the beginning of the line and the position.
    #[serde(default)]
    pub indent: u32,
    /// Set within a value that is too long.
    #[serde(default)]
    pub skipping: Option<Skipping>,
}

/// The state within a JSON value that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skipping {
    /// Its end is the end of the line.
    Line,
    /// Its end is the bracket that closes it.
    Value {
        /// Open brackets.
        depth: u32,
        /// Whether the position is within a string.
        string: bool,
    },
    /// Its end is the next line that begins with an object and is not indented further.
    Object {
        /// The indentation of the value.
        indent: u32,
    },
}

impl Position {
    /// Whether a file can have this position, with a header of `max_header_bytes` at most.
    pub fn is_possible(&self, max_header_bytes: usize) -> bool {
        // Each record takes up one byte at least.
        if self.index > self.offset {
            return false;
        }
        let Reader::Csv(Csv { header, .. }) = self.reader else {
            return true;
        };
        header.is_none_or(|header| {
            let end = header.offset.checked_add(header.length as u64);
            header.length <= max_header_bytes && end.is_some_and(|end| end <= self.offset)
        })
    }
}
