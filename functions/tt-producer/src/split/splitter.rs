//! Cuts a file into pieces, chunk by chunk.

use super::{
    csv::Csv,
    header::{Header, HeaderError},
    json::Json,
    piece::{Form, Piece},
    step::{Step, is_padding},
};
use crate::upload::{Position, Reader};

/// Finds the next record at the head of the window. The formats are a closed set, so this is not a trait.
#[derive(Debug)]
enum Finder {
    Unknown,
    Csv(Box<Csv>),
    Json(Json),
    End,
}

/// Cuts a file into pieces: push chunks, pull pieces.
///
/// Holds what was pushed and not yet pulled, so pull all pieces before each push; then that is one chunk and at most one
/// record of the permitted length.
#[derive(Debug)]
pub struct Splitter {
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
    /// A splitter that continues at `position`: the content pushed must begin at its offset. It refuses records longer than
    /// `limit` bytes.
    ///
    /// When the position names a header, pass its row to [`set_header`](Self::set_header) first.
    pub fn new(key: &str, limit: usize, position: &Position) -> Self {
        let finder = match position.reader {
            Reader::Unknown => Finder::Unknown,
            Reader::Csv(state) => Finder::Csv(Box::new(Csv::new(state))),
            Reader::Json(state) => Finder::Json(Json::new(state)),
            Reader::End => Finder::End,
        };
        Self {
            key: key.to_owned(),
            finder,
            window: Vec::new(),
            used: 0,
            offset: position.offset,
            limit,
            last: false,
        }
    }

    /// Sets the header row of the file, read from the place that the position names.
    pub fn set_header(&mut self, row: &[u8]) {
        if let Finder::Csv(csv) = &mut self.finder {
            csv.restore_header(row);
        }
    }

    /// What the content before the next piece has decided.
    pub fn reader(&self) -> Reader {
        match &self.finder {
            Finder::Unknown => Reader::Unknown,
            Finder::Csv(csv) => Reader::Csv(csv.state()),
            Finder::Json(json) => Reader::Json(json.state()),
            Finder::End => Reader::End,
        }
    }

    /// The header of a CSV file.
    pub fn header(&self) -> Option<&Header> {
        match &self.finder {
            Finder::Csv(csv) => csv.header(),
            _ => None,
        }
    }

    /// Adds content.
    pub fn push(&mut self, chunk: &[u8]) {
        self.offset += self.used as u64;
        self.window.drain(..self.used);
        self.used = 0;
        self.window.extend_from_slice(chunk);
    }

    /// Ends the content. The next pieces are the last ones.
    pub fn finish(&mut self) {
        self.last = true;
    }

    /// Whether no further content can give a record.
    pub fn is_done(&self) -> bool {
        matches!(self.finder, Finder::End)
    }

    /// Where the next piece begins in the content.
    pub fn offset(&self) -> u64 {
        self.offset + self.used as u64
    }

    /// The beginning of what was pushed and not pulled, for when the content breaks off.
    pub fn rest(&self) -> &[u8] {
        let rest = self.window.get(self.used..).unwrap_or_default();
        rest.get(..self.limit).unwrap_or(rest)
    }

    /// The next piece; `None` when more content is needed or, after [`finish`](Self::finish), when there is no more.
    pub fn pull(&mut self) -> Option<Piece<'_>> {
        loop {
            let rest = self.window.get(self.used..).unwrap_or_default();
            let offset = self.offset + self.used as u64;
            let reader = self.reader();
            let step = match &mut self.finder {
                Finder::Unknown => match detect(rest, &self.key, self.last) {
                    Detected::Finder(finder) => {
                        self.finder = finder;
                        continue;
                    }
                    Detected::Blank(length) => Step::Skip(length),
                    Detected::More => Step::More,
                },
                Finder::Csv(csv) => csv.find(rest, offset, self.limit, self.last),
                Finder::Json(json) => json.find(rest, self.limit, self.last),
                Finder::End => Step::Skip(rest.len()),
            };
            let (length, consumed, error, truncated, backslash) = match step {
                Step::More | Step::Skip(0) => return None,
                Step::Skip(length) => {
                    self.used += length;
                    continue;
                }
                Step::Record {
                    length,
                    consumed,
                    backslash,
                } => (length, consumed, None, false, backslash),
                Step::Fault {
                    error,
                    length,
                    consumed,
                    truncated,
                } => (length, consumed, Some(error), truncated, false),
                Step::LoneHeader(error) => return self.lone_header(error),
                Step::Rest(error) => {
                    self.finder = Finder::End;
                    let length = rest.len().min(self.limit);
                    let truncated = !self.last || length < rest.len();
                    (length, rest.len(), Some(error), truncated, false)
                }
            };
            let start = self.used;
            self.used += consumed;
            let form = match &self.finder {
                Finder::Csv(csv) => csv
                    .header()
                    .map_or(Form::Json, |header| Form::Row { header, backslash }),
                _ => Form::Json,
            };
            return Some(Piece {
                offset,
                reader,
                content: self.window.get(start..start + length).unwrap_or_default(),
                form,
                error,
                truncated,
            });
        }
    }

    fn lone_header(&self, error: HeaderError) -> Option<Piece<'_>> {
        let header = self.header()?;
        let place = header.place();
        Some(Piece {
            offset: place.offset,
            reader: Reader::Unknown,
            content: header.row(),
            form: Form::Json,
            error: Some(error.into()),
            truncated: place.truncated,
        })
    }
}

/// What the first bytes of the text decide.
enum Detected {
    Finder(Finder),
    /// This many bytes are a byte order mark or blanks; the next ones decide.
    Blank(usize),
    /// Too few bytes to decide.
    More,
}

/// Decides the format by the first bytes, and by the suffix of the key where they can be either.
fn detect(head: &[u8], key: &str, last: bool) -> Detected {
    match head {
        [0xef, 0xbb, 0xbf, ..] => Detected::Blank(3),
        [] | [0xef] | [0xef, 0xbb] if !last => Detected::More,
        [] => Detected::More,
        [first, ..] if is_padding(*first) => {
            let blanks = head.iter().take_while(|byte| is_padding(**byte)).count();
            Detected::Blank(blanks)
        }
        [b'[' | b'{', ..] => Detected::Finder(Finder::Json(Json::default())),
        _ if has_json_suffix(key) => Detected::Finder(Finder::Json(Json::default())),
        _ => Detected::Finder(Finder::Csv(Box::default())),
    }
}

fn has_json_suffix(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let plain = key.strip_suffix(".gz").unwrap_or(&key);
    let suffix = plain.rsplit_once('.').map(|(_, suffix)| suffix);
    matches!(suffix, Some("jsonl" | "ndjson" | "json"))
}
