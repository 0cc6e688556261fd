//! CSV: a row ends with a line end outside quotes (RFC 4180), in the dialects that tools write.

use std::sync::LazyLock;

use memchr::{memchr2, memchr3, memmem::Finder};

use super::{
    header::{DELIMITERS, Header, HeaderError, REQUIRED},
    step::{SplitError, Step, is_padding},
};
use crate::upload;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The number of different headers that concatenated files may have.
const MAX_HEADERS: u16 = 100;

/// The number of lines of a row that are tried as separate rows.
const MAX_TRIED_LINES: usize = 64;

/// Finds rows. The header, repetitions of it, a `sep=` line, and rows without any value are no records.
///
/// One quote that is never closed would swallow the rest of the file. So when quotes do not pair, or a quoted field grows
/// above the limit, or a row of several lines has another number of fields than the header while one of its lines is a
/// row, only the first line of the row is given up, and the next row begins behind it.
///
/// A backslash in front of a quote either escapes it or is content. A row that contains one is read both ways, and the
/// way that gives the number of fields of the header is used.
#[derive(Debug, Default)]
pub(super) struct Csv {
    state: upload::Csv,
    header: Option<Header>,
    /// The row at the head, read in the way of the file so far.
    usual: Option<Scan>,
    /// The same row, read in the other way.
    other: Option<Scan>,
    /// Whether only the first line of the row is given up.
    broken: bool,
    /// Bytes at the head that contain neither quotes nor line ends.
    scanned: usize,
}

/// The state of reading one row.
#[derive(Debug, Clone, Copy)]
struct Scan {
    /// Whether a backslash escapes.
    backslash: bool,
    /// Before the header, each delimiter that is detected separates fields.
    delimiter: Option<u8>,
    place: Place,
    /// Bytes read.
    at: usize,
    fields: usize,
    /// Whether a backslash comes before a quote.
    is_ambiguous: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote inside quotes: it closes them, unless another one follows.
    Quote,
    /// Behind blanks behind closed quotes.
    Closed,
}

/// What a scan of a row finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    /// Its end, before the line end.
    End {
        end: usize,
        fields: usize,
        backslash: bool,
    },
    /// Quotes that do not pair.
    Broken,
    More,
}

impl Csv {
    pub(super) fn new(state: upload::Csv) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    /// What the content before the head has decided.
    pub(super) fn state(&self) -> upload::Csv {
        self.state
    }

    pub(super) fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Sets the header row that the state names.
    pub(super) fn restore_header(&mut self, row: &[u8]) {
        if let Some(place) = self.state.header {
            self.header = Some(Header::new(row, self.state.delimiter, place));
        }
    }

    pub(super) fn find(&mut self, rest: &[u8], offset: u64, limit: usize, last: bool) -> Step {
        let is_row_start = self.usual.is_none() && self.scanned == 0 && !self.broken;
        if is_row_start && !self.state.skipping && rest.first() == BYTE_ORDER_MARK.first() {
            if rest.starts_with(BYTE_ORDER_MARK) {
                return Step::Skip(BYTE_ORDER_MARK.len());
            }
            if BYTE_ORDER_MARK.starts_with(rest) && !last {
                return Step::More;
            }
        }
        // Nothing behind the longest row and its line end is read: the part of the file that is here already must not
        // decide what a row is, or a replay would number the rows differently.
        let window = rest.get(..limit.saturating_add(2)).unwrap_or(rest);
        let is_complete = last && window.len() == rest.len();
        let is_too_long = !is_complete && window.len() == limit.saturating_add(2);
        if self.state.skipping && window.is_empty() && is_complete {
            return self.lone_header();
        }
        if self.state.skipping {
            return self.skip(window);
        }
        if !self.broken {
            match self.row(window, is_complete, is_too_long) {
                Row::End { end, backslash, .. } => {
                    self.reset();
                    return self.end_row(window, end, backslash, offset, limit);
                }
                Row::Broken => {
                    self.reset();
                    self.broken = true;
                }
                Row::More if is_too_long => return self.too_long(window, offset, limit),
                Row::More if is_complete && !window.is_empty() => {
                    self.reset();
                    let backslash = self.state.backslash;
                    return self.end_row(window, window.len(), backslash, offset, limit);
                }
                Row::More if is_complete => return self.lone_header(),
                Row::More => return Step::More,
            }
        }
        self.give_up_line(window, offset, limit, is_complete, is_too_long)
    }

    fn reset(&mut self) {
        (self.usual, self.other, self.broken, self.scanned) = (None, None, false, 0);
    }

    /// Skips the rest of a row that was too long.
    fn skip(&mut self, window: &[u8]) -> Step {
        match memchr2(b'\n', b'\r', window) {
            Some(end) => {
                self.state.skipping = false;
                Step::Skip(end + 1)
            }
            None => Step::Skip(window.len()),
        }
    }

    /// Finds the end of the row at the head.
    fn row(&mut self, window: &[u8], is_complete: bool, is_too_long: bool) -> Row {
        let mut usual = if let Some(scan) = self.usual {
            scan
        } else {
            // Of a row without quotes only its end matters.
            let unseen = window.get(self.scanned..).unwrap_or_default();
            match memchr3(b'"', b'\n', b'\r', unseen) {
                Some(found) if unseen.get(found) != Some(&b'"') => {
                    return Row::End {
                        end: self.scanned + found,
                        fields: 0,
                        backslash: self.state.backslash,
                    };
                }
                Some(_) => Scan::new(self.state.backslash, self.state.delimiter),
                None => {
                    self.scanned = window.len();
                    return Row::More;
                }
            }
        };
        let found = usual.run(window, is_complete);
        self.usual = Some(usual);
        if !usual.is_ambiguous && self.other.is_none() {
            return match found {
                // An open quote above the limit.
                Row::More if is_too_long && usual.place == Place::Quoted => Row::Broken,
                Row::End { end, .. } if !self.fits(found) && self.contains_a_row(window, end) => {
                    Row::Broken
                }
                found => found,
            };
        }
        let mut other = self
            .other
            .unwrap_or(Scan::new(!usual.backslash, usual.delimiter));
        let other_found = other.run(window, is_complete);
        self.other = Some(other);
        if !is_too_long && (found == Row::More || other_found == Row::More) {
            return Row::More;
        }
        self.choose(window, found, other_found)
    }

    /// Chooses between the two ways to read a row.
    fn choose(&mut self, window: &[u8], usual: Row, other: Row) -> Row {
        let end = |row| match row {
            Row::End { end, .. } => end,
            Row::Broken | Row::More => usize::MAX,
        };
        let chosen = match (self.fits(usual), self.fits(other)) {
            (true, false) => usual,
            (false, true) => other,
            // A row never swallows another one.
            (true, true) if self.state.backslash || !self.contains_a_row(window, end(usual)) => {
                usual
            }
            _ if end(other) < end(usual) => other,
            _ => usual,
        };
        match chosen {
            Row::End { end, .. } if !self.fits(chosen) && self.contains_a_row(window, end) => {
                Row::Broken
            }
            Row::End { backslash, .. } => {
                if self.fits(chosen) && !self.fits(usual) {
                    self.state.backslash = backslash;
                }
                chosen
            }
            Row::Broken | Row::More => Row::Broken,
        }
    }

    /// Whether a row has the number of fields of the header.
    fn fits(&self, row: Row) -> bool {
        let Row::End { fields, .. } = row else {
            return false;
        };
        let columns = self
            .header
            .as_ref()
            .and_then(|header| header.columns().ok());
        columns.is_none_or(|columns| columns.len() == fields)
    }

    /// Whether one of the later lines of a row that ends at `end` is a row.
    fn contains_a_row(&self, window: &[u8], end: usize) -> bool {
        let text = window.get(..end).unwrap_or_default();
        let mut start = 0;
        for _ in 0..MAX_TRIED_LINES {
            let rest = text.get(start..).unwrap_or_default();
            let Some(line_end) = memchr2(b'\n', b'\r', rest) else {
                return false;
            };
            start += line_end + 1;
            let rest = window.get(start..).unwrap_or_default();
            let mut scan = Scan::new(self.state.backslash, self.state.delimiter);
            let line = scan.run(rest, true);
            let is_blank = matches!(line, Row::End { end, .. } if self.is_blank(rest.get(..end).unwrap_or_default()));
            if self.fits(line) && !is_blank {
                return true;
            }
        }
        false
    }

    /// Gives up the first line of a row whose quotes do not pair.
    fn give_up_line(
        &mut self,
        window: &[u8],
        offset: u64,
        limit: usize,
        is_complete: bool,
        is_too_long: bool,
    ) -> Step {
        let unseen = window.get(self.scanned..).unwrap_or_default();
        let end = match memchr2(b'\n', b'\r', unseen) {
            Some(found) => self.scanned + found,
            None if is_complete => window.len(),
            None if is_too_long => return self.too_long(window, offset, limit),
            None => {
                self.scanned = window.len();
                return Step::More;
            }
        };
        self.reset();
        if end > limit {
            let error = SplitError::TooLong { limit };
            return self.fault(error, limit, after_line_end(window, end), offset, window);
        }
        let line = trim_filling(window.get(..end).unwrap_or_default());
        let consumed = after_line_end(window, end);
        self.fault(SplitError::Quotes, line.len(), consumed, offset, window)
    }

    fn too_long(&mut self, window: &[u8], offset: u64, limit: usize) -> Step {
        self.reset();
        let step = self.fault(
            SplitError::TooLong { limit },
            limit,
            window.len(),
            offset,
            window,
        );
        self.state.skipping = true;
        step
    }

    /// A row that is no record. In the place of the header it is the header, and then no row can be read.
    fn fault(
        &mut self,
        error: SplitError,
        length: usize,
        consumed: usize,
        offset: u64,
        window: &[u8],
    ) -> Step {
        let truncated = matches!(error, SplitError::TooLong { .. });
        if self.header.is_none() {
            let row = window.get(..length).unwrap_or_default();
            self.set_header(Header::new(
                row,
                self.state.delimiter,
                upload::HeaderPlace {
                    offset,
                    length: row.len(),
                    readable: false,
                    truncated,
                },
            ));
            return Step::Skip(consumed);
        }
        self.state.rows = true;
        Step::Fault {
            error,
            length,
            consumed,
            truncated,
        }
    }

    fn end_row(
        &mut self,
        window: &[u8],
        end: usize,
        backslash: bool,
        offset: u64,
        limit: usize,
    ) -> Step {
        let line = window.get(..end).unwrap_or_default();
        let consumed = after_line_end(window, end);
        if self.is_blank(line) {
            return Step::Skip(consumed);
        }
        if line.len() > limit {
            let error = SplitError::TooLong { limit };
            return self.fault(error, limit, consumed, offset, window);
        }
        let line = trim_filling(line);
        if let Some(delimiter) = sep_line(line) {
            if self.header.is_none() {
                self.state.delimiter = Some(delimiter);
            }
            return Step::Skip(consumed);
        }
        let Some(header) = &self.header else {
            return self.first_row(line, offset, consumed);
        };
        if line == header.row() || self.is_other_header(line, offset) {
            return Step::Skip(consumed);
        }
        let mut length = line.len();
        if let Some(header) = &self.header
            && let Some(before) = line.strip_suffix(header.row())
            && header.columns().is_ok()
        {
            // Two files, the first of them without a line end at its end.
            let before = before.strip_suffix(BYTE_ORDER_MARK).unwrap_or(before);
            length = before.len();
        }
        self.state.rows = true;
        Step::Record {
            length,
            consumed,
            backslash,
        }
    }

    /// Takes the first row of the file as its header.
    fn first_row(&mut self, line: &[u8], offset: u64, consumed: usize) -> Step {
        let header = Header::new(line, self.state.delimiter, place(line, offset));
        match header.columns() {
            Err(HeaderError::TooMany) => Step::Rest(HeaderError::TooMany.into()),
            Err(_) if line.iter().any(|byte| is_binary(*byte)) => Step::Rest(SplitError::Binary),
            _ => {
                self.set_header(header);
                Step::Skip(consumed)
            }
        }
    }

    /// Whether the row is the header of another file that was appended to this one. Then it is the header from here on.
    fn is_other_header(&mut self, line: &[u8], offset: u64) -> bool {
        static REQUIRED_NAME: LazyLock<Finder<'static>> =
            LazyLock::new(|| Finder::new(REQUIRED[0]));
        if REQUIRED_NAME.find(line).is_none() || self.state.headers >= MAX_HEADERS {
            return false;
        }
        let header = Header::new(line, None, place(line, offset));
        let is_header = header.columns().is_ok();
        if is_header {
            self.set_header(header);
        }
        is_header
    }

    fn set_header(&mut self, header: Header) {
        self.state.header = Some(header.place());
        self.state.delimiter = Some(header.delimiter());
        self.state.headers += 1;
        self.header = Some(header);
    }

    /// At the end of the file: a wrong header that no row followed. It may be a record, and must not vanish.
    fn lone_header(&mut self) -> Step {
        let error = self
            .header
            .as_ref()
            .and_then(|header| header.columns().err());
        match error {
            Some(error) if !self.state.rows => {
                self.state.rows = true;
                Step::LoneHeader(error)
            }
            _ => Step::More,
        }
    }

    /// Whether a row contains no value: only blanks, delimiters and empty quotes.
    fn is_blank(&self, line: &[u8]) -> bool {
        let is_delimiter = |byte: u8| match self.state.delimiter {
            Some(delimiter) => byte == delimiter,
            None => DELIMITERS.contains(&byte),
        };
        let mut quotes = 0;
        for &byte in line {
            match byte {
                b'"' => quotes += 1,
                byte if is_padding(byte) || is_delimiter(byte) => {}
                _ => return false,
            }
        }
        quotes % 2 == 0
    }
}

impl Scan {
    fn new(backslash: bool, delimiter: Option<u8>) -> Self {
        Self {
            backslash,
            delimiter,
            place: Place::FieldStart,
            at: 0,
            fields: 1,
            is_ambiguous: false,
        }
    }

    /// Scans up to the end of the row.
    #[expect(
        clippy::match_same_arms,
        reason = "the arms are in the order of the places of a row"
    )]
    fn run(&mut self, window: &[u8], is_complete: bool) -> Row {
        while let Some(ahead) = window.get(self.at..).filter(|ahead| !ahead.is_empty()) {
            let byte = ahead.first().copied().unwrap_or_default();
            match self.place {
                Place::FieldStart if byte == b'"' => self.go(Place::Quoted, 1),
                Place::FieldStart if is_blank(byte) && !self.is_delimiter(byte) => self.at += 1,
                Place::FieldStart => self.place = Place::Plain,
                Place::Plain => {
                    let found = match self.delimiter {
                        Some(delimiter) if !self.backslash => {
                            memchr3(delimiter, b'\n', b'\r', ahead)
                        }
                        _ => ahead.iter().position(|byte| {
                            matches!(*byte, b'\n' | b'\r')
                                || (*byte == b'\\' && self.backslash)
                                || self.is_delimiter(*byte)
                        }),
                    };
                    match found.map(|found| (found, ahead.get(found))) {
                        Some((found, Some(b'\n' | b'\r'))) => return self.end(self.at + found),
                        Some((found, Some(b'\\'))) => {
                            let escaped = ahead.get(found + 1);
                            if escaped.is_none() && !is_complete {
                                // Stay on the backslash until the next character is there.
                                self.at += found;
                                return Row::More;
                            }
                            let is_escape = escaped.is_some_and(|byte| {
                                matches!(*byte, b'"' | b'\\') || self.is_delimiter(*byte)
                            });
                            self.at += found + 1 + usize::from(is_escape);
                        }
                        Some((found, _)) => {
                            self.fields += 1;
                            self.go(Place::FieldStart, found + 1);
                        }
                        None => self.at = window.len(),
                    }
                }
                Place::Quoted => {
                    let found = if self.backslash {
                        memchr2(b'"', b'\\', ahead)
                    } else {
                        memchr::memchr(b'"', ahead)
                    };
                    let Some(found) = found else {
                        self.at = window.len();
                        continue;
                    };
                    if ahead.get(found) == Some(&b'\\') {
                        match ahead.get(found + 1) {
                            Some(b'"') => self.is_ambiguous = true,
                            Some(_) => {}
                            None if is_complete => {}
                            // Stay on the backslash until the next character is there.
                            None => {
                                self.at += found;
                                return Row::More;
                            }
                        }
                        let is_escape = matches!(ahead.get(found + 1), Some(b'"' | b'\\'));
                        self.at += found + 1 + usize::from(is_escape);
                        continue;
                    }
                    let before = (self.at + found).checked_sub(1);
                    let before = before.and_then(|before| window.get(before));
                    self.is_ambiguous |= before == Some(&b'\\');
                    self.go(Place::Quote, found + 1);
                }
                Place::Quote if byte == b'"' => self.go(Place::Quoted, 1),
                Place::Quote | Place::Closed => match byte {
                    b'\n' | b'\r' => return self.end(self.at),
                    byte if self.is_delimiter(byte) => {
                        self.fields += 1;
                        self.go(Place::FieldStart, 1);
                    }
                    byte if is_blank(byte) || matches!(byte, 0 | 0x1a) => {
                        self.go(Place::Closed, 1);
                    }
                    _ => return Row::Broken,
                },
            }
        }
        match self.place {
            _ if !is_complete => Row::More,
            Place::Quoted => Row::Broken,
            _ => self.end(window.len()),
        }
    }

    fn is_delimiter(&self, byte: u8) -> bool {
        match self.delimiter {
            Some(delimiter) => byte == delimiter,
            None => DELIMITERS.contains(&byte),
        }
    }

    fn go(&mut self, place: Place, length: usize) {
        self.place = place;
        self.at += length;
    }

    fn end(&self, end: usize) -> Row {
        Row::End {
            end,
            fields: self.fields,
            backslash: self.backslash,
        }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_binary(byte: u8) -> bool {
    byte.is_ascii_control() && !is_padding(byte)
}

fn place(row: &[u8], offset: u64) -> upload::HeaderPlace {
    upload::HeaderPlace {
        offset,
        length: row.len(),
        readable: true,
        truncated: false,
    }
}

/// A row without the bytes with which tools fill or end a file. Blanks belong to its last value.
fn trim_filling(row: &[u8]) -> &[u8] {
    let filling = row
        .iter()
        .rev()
        .take_while(|byte| matches!(**byte, 0 | 0x1a));
    row.get(..row.len() - filling.count()).unwrap_or_default()
}

/// Where the next line begins.
fn after_line_end(window: &[u8], end: usize) -> usize {
    match window.get(end..) {
        Some([b'\r', b'\n', ..]) => end + 2,
        Some([_, ..]) => end + 1,
        _ => end,
    }
}

/// The delimiter that a `sep=` line names, as spreadsheets write it.
fn sep_line(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (name, rest) = line.split_at_checked(4)?;
    if !name.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    let Some((&delimiter, rest)) = rest.split_first() else {
        // The tab at the end of the line was a blank.
        return Some(b'\t');
    };
    let is_delimiter =
        delimiter == b'\t' || (delimiter.is_ascii_punctuation() && delimiter != b'"');
    let is_filling = |byte: &u8| matches!(*byte, b'"' | b' ') || *byte == delimiter;
    (is_delimiter && rest.iter().all(is_filling)).then_some(delimiter)
}
