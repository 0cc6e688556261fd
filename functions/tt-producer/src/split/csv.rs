//! CSV: a row ends with a line end outside quotes (RFC 4180).

use memchr::{memchr, memchr2};
use serde::{Deserialize, Serialize};

use super::{SplitError, Step, lines::step_of_line};

/// Finds rows, the header row among them. Blank lines are no rows.
///
/// One quote that is never closed would swallow the rest of the file. So when quotes do not pair,
/// or a quoted field grows above the limit, only the first line of the row is given up, and the
/// next row begins behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Csv {
    place: Place,
    /// Bytes at the head that were looked at.
    #[serde(skip)]
    scanned: usize,
}

/// Where in a row the scan stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    #[default]
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote inside quotes: it closed them, unless another one follows.
    Quote,
    /// Behind the carriage return behind closed quotes.
    Return,
    /// In a row with broken quotes: looking for the end of its first line.
    Broken,
    /// In the rest of a line that was too long.
    Skipping,
}

impl Csv {
    pub(super) fn find(&mut self, rest: &[u8], limit: usize, last: bool) -> Step {
        // Nobody looks further than the longest row and its line end: how much of the file is here
        // already must not decide what a row is, or a replay would number the rows differently.
        let furthest = limit.saturating_add(2);
        let rest = rest.get(..furthest).unwrap_or(rest);
        let too_long = rest.len() == furthest;
        loop {
            if let Some(end) = self.scan(rest) {
                return self.end_row(rest, end, end + 1, limit);
            }
            match self.place {
                Place::Skipping => {
                    self.scanned = 0;
                    return Step::Skip(rest.len());
                }
                // The scan stopped before the end: something follows a closing quote.
                Place::Quote | Place::Return if self.scanned < rest.len() => self.give_up(),
                Place::Quoted if too_long || last => self.give_up(),
                _ if too_long => {
                    *self = Self {
                        place: Place::Skipping,
                        scanned: 0,
                    };
                    let (length, consumed) = (limit, rest.len());
                    let error = SplitError::TooLong { limit };
                    return Step::Fault {
                        error,
                        length,
                        consumed,
                        truncated: true,
                    };
                }
                _ if last && !rest.is_empty() => {
                    return self.end_row(rest, rest.len(), rest.len(), limit);
                }
                _ => return Step::More,
            }
        }
    }

    /// What it knows of the content before the head.
    pub(super) fn at_head(&self) -> Self {
        let place = match self.place {
            Place::Skipping => Place::Skipping,
            _ => Place::default(),
        };
        Self { place, scanned: 0 }
    }

    fn give_up(&mut self) {
        *self = Self {
            place: Place::Broken,
            scanned: 0,
        };
    }

    fn end_row(&mut self, rest: &[u8], end: usize, consumed: usize, limit: usize) -> Step {
        let place = std::mem::take(self).place;
        let line = rest.get(..end).unwrap_or_default();
        if place == Place::Skipping || line.trim_ascii().is_empty() {
            return Step::Skip(consumed);
        }
        match step_of_line(line, consumed, limit) {
            Step::Record { length, consumed } if place == Place::Broken => Step::Fault {
                error: SplitError::Quotes,
                length,
                consumed,
                truncated: false,
            },
            step => step,
        }
    }

    /// Goes on to the line feed that ends the row; `None` at the end of what is there, or where
    /// quotes go wrong.
    fn scan(&mut self, rest: &[u8]) -> Option<usize> {
        if self.place == Place::FieldStart && self.scanned == 0 {
            // Of a row without quotes nothing needs to be seen but its end.
            match memchr2(b'"', b'\n', rest) {
                Some(found) if rest.get(found) == Some(&b'\n') => return Some(found),
                Some(_) => {}
                None if rest.last() == Some(&b',') => self.scanned = rest.len(),
                None if rest.is_empty() => {}
                None => {
                    self.place = Place::Plain;
                    self.scanned = rest.len();
                }
            }
        }
        while let Some(ahead) = rest.get(self.scanned..).filter(|ahead| !ahead.is_empty()) {
            let byte = ahead.first().copied().unwrap_or_default();
            let (place, length) = match self.place {
                Place::FieldStart | Place::Quote if byte == b'"' => (Place::Quoted, 1),
                Place::FieldStart | Place::Plain => match memchr2(b',', b'\n', ahead) {
                    Some(found) if ahead.get(found) == Some(&b'\n') => {
                        return Some(self.scanned + found);
                    }
                    Some(found) => (Place::FieldStart, found + 1),
                    None => (Place::Plain, ahead.len()),
                },
                Place::Quoted => match memchr(b'"', ahead) {
                    Some(found) => (Place::Quote, found + 1),
                    None => (Place::Quoted, ahead.len()),
                },
                Place::Quote if byte == b',' => (Place::FieldStart, 1),
                Place::Quote if byte == b'\r' => (Place::Return, 1),
                Place::Quote | Place::Return if byte == b'\n' => return Some(self.scanned),
                Place::Quote | Place::Return => return None,
                Place::Broken | Place::Skipping => match memchr(b'\n', ahead) {
                    Some(found) => return Some(self.scanned + found),
                    None => (self.place, ahead.len()),
                },
            };
            self.place = place;
            self.scanned += length;
        }
        None
    }
}
