//! Cuts the content of a file into records, holding one record at a time.

mod array;
mod csv;
mod lines;

use serde::{Deserialize, Serialize};

use self::{array::Array, csv::Csv, lines::Lines};
use crate::format::{Detection, Format};

/// Why a stretch of a file is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SplitError {
    /// A record above the limit.
    #[error("record is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// A CSV row whose quotes do not pair.
    #[error("quotes of the row do not pair")]
    Quotes,
    /// A JSON array that goes on after a value with neither comma nor bracket.
    #[error("array is broken: a comma or the closing bracket is missing")]
    Comma,
    /// A JSON array that ends without its closing bracket.
    #[error("array is not closed")]
    NotClosed,
    /// Text behind the closing bracket of a JSON array.
    #[error("text follows the closing bracket of the array")]
    Trailing,
    /// A file in UTF-16.
    #[error("file is UTF-16, only UTF-8 is read")]
    Utf16,
}

impl SplitError {
    /// Whether it stands for all that follows.
    pub(crate) fn is_rest(self) -> bool {
        match self {
            Self::TooLong { .. } | Self::Quotes => false,
            Self::Comma | Self::NotClosed | Self::Trailing | Self::Utf16 => true,
        }
    }
}

/// One stretch of a file: a record, or what stands where one should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// The format of the file; `None` when it has none that we read.
    pub(crate) format: Option<Format>,
    /// Where it begins in the decompressed content.
    pub(crate) offset: u64,
    /// Its bytes; a record, unless `error` says otherwise.
    pub(crate) content: &'a [u8],
    /// Why it is no record.
    pub(crate) error: Option<SplitError>,
    /// Whether `content` is only the beginning of it.
    pub(crate) truncated: bool,
}

/// What a format finds at the head of the window.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Nothing whole yet.
    More,
    /// Bytes that belong to no record.
    Skip(usize),
    /// A record of `length` bytes; the next one begins after `consumed`.
    Record { length: usize, consumed: usize },
    /// No record; the next one begins after `consumed`.
    Fault {
        error: SplitError,
        length: usize,
        consumed: usize,
        truncated: bool,
    },
    /// No record, and none can be found behind it.
    Rest(SplitError),
}

/// Finds the next record at the head of what is known of the file.
///
/// Records are a matter of the format alone, so this is a closed set rather than a trait.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Finder {
    #[default]
    Unknown,
    Csv(Csv),
    Lines(Lines),
    Array(Array),
    End,
}

/// Where a file stands between two pieces: enough to go on without the content before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Where the next piece, or the rest of a long one, begins in the decompressed content.
    pub(crate) offset: u64,
    finder: Finder,
}

/// Cuts a file into pieces: push chunks, pull pieces.
///
/// Holds what was pushed and not yet pulled, so pull all pieces before each push; then that is one
/// chunk and at most one record of the permitted length.
#[derive(Debug)]
pub(crate) struct Splitter {
    key: String,
    finder: Finder,
    window: Vec<u8>,
    /// Bytes of the window that were handed out or skipped.
    used: usize,
    /// Offset of the window in the content.
    offset: u64,
    limit: usize,
    last: bool,
}

impl Splitter {
    #[cfg(test)]
    /// A splitter for a file whose key is `key`, which refuses records longer than `limit` bytes.
    pub(crate) fn new(key: &str, limit: usize) -> Self {
        Self::resume(key, limit, Place::default())
    }

    /// A splitter that goes on at `place`: the content pushed must begin at its offset.
    pub(crate) fn resume(key: &str, limit: usize, place: Place) -> Self {
        let Place { offset, finder } = place;
        Self {
            key: key.to_owned(),
            finder,
            window: Vec::new(),
            used: 0,
            offset,
            limit,
            last: false,
        }
    }

    /// Where to go on when no further content is pushed here.
    pub(crate) fn place(&self) -> Place {
        let finder = match &self.finder {
            Finder::Csv(csv) => Finder::Csv(csv.at_head()),
            Finder::Lines(lines) => Finder::Lines(lines.at_head()),
            Finder::Array(array) => Finder::Array(array.at_head()),
            Finder::Unknown | Finder::End => self.finder.clone(),
        };
        Place {
            offset: self.offset(),
            finder,
        }
    }

    /// Adds content.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.offset += self.used as u64;
        self.window.drain(..self.used);
        self.used = 0;
        self.window.extend_from_slice(chunk);
    }

    /// Says that the content is complete: what is left are the last pieces.
    pub(crate) fn finish(&mut self) {
        self.last = true;
    }

    /// Whether no further content can give a record.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.finder, Finder::End)
    }

    fn format(&self) -> Option<Format> {
        match self.finder {
            Finder::Csv(_) => Some(Format::Csv),
            Finder::Lines(_) => Some(Format::JsonLines),
            Finder::Array(_) => Some(Format::JsonArray),
            Finder::Unknown | Finder::End => None,
        }
    }

    /// Where the next piece begins in the decompressed content.
    pub(crate) fn offset(&self) -> u64 {
        self.offset + self.used as u64
    }

    /// The beginning of what was pushed and not pulled, for when the content breaks off.
    pub(crate) fn rest(&self) -> &[u8] {
        let rest = self.window.get(self.used..).unwrap_or_default();
        rest.get(..self.limit).unwrap_or(rest)
    }

    /// The next piece; `None` when more content is needed or, after [`finish`](Self::finish), when
    /// there is no more.
    pub(crate) fn pull(&mut self) -> Option<Piece<'_>> {
        loop {
            let rest = self.window.get(self.used..).unwrap_or_default();
            let step = match &mut self.finder {
                Finder::Unknown => match Format::detect(rest, &self.key, self.last) {
                    Detection::Format(format) => {
                        self.finder = Finder::of(format);
                        continue;
                    }
                    Detection::Blank(length) => Step::Skip(length),
                    Detection::Utf16 => Step::Rest(SplitError::Utf16),
                    Detection::More => Step::More,
                },
                Finder::Csv(csv) => csv.find(rest, self.limit, self.last),
                Finder::Lines(lines) => lines.find(rest, self.limit, self.last),
                Finder::Array(array) => array.find(rest, self.limit, self.last),
                Finder::End => Step::Skip(rest.len()),
            };
            let (length, consumed, error, truncated) = match step {
                Step::More | Step::Skip(0) => return None,
                Step::Skip(length) => {
                    self.used += length;
                    continue;
                }
                Step::Record { length, consumed } => (length, consumed, None, false),
                Step::Fault {
                    error,
                    length,
                    consumed,
                    truncated,
                } => (length, consumed, Some(error), truncated),
                Step::Rest(error) => {
                    self.finder = Finder::End;
                    let length = rest.len().min(self.limit);
                    (
                        length,
                        rest.len(),
                        Some(error),
                        !self.last || length < rest.len(),
                    )
                }
            };
            let (format, offset) = (self.format(), self.offset());
            let start = self.used;
            self.used += consumed;
            let content = self.window.get(start..start + length).unwrap_or_default();
            return Some(Piece {
                format,
                offset,
                content,
                error,
                truncated,
            });
        }
    }
}

impl Finder {
    fn of(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv(Csv::default()),
            Format::JsonLines => Self::Lines(Lines::default()),
            Format::JsonArray => Self::Array(Array::default()),
        }
    }
}

#[cfg(test)]
mod tests;
