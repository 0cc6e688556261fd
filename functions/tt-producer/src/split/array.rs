//! A JSON array: a record is one of its values.

use memchr::memchr2;
use serde::{Deserialize, Serialize};

use super::{SplitError, Step};

/// Finds the values of an array. It sees strings and brackets only; whether a value is good JSON is
/// for its reader to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Array {
    place: Place,
    /// Bytes of the value at the head that were looked at.
    #[serde(skip)]
    scanned: usize,
    /// Open brackets of that value.
    depth: usize,
    /// Whether the scan stands inside a string.
    string: bool,
    /// Whether the head is the rest of a value that was too long.
    skipping: bool,
}

/// Between or in which values the head stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    /// Before the opening bracket.
    #[default]
    Start,
    /// Where a value or the closing bracket comes. A comma before that bracket does no harm.
    Before,
    /// In a value.
    In,
    /// Behind a value.
    After,
    /// Behind the closing bracket.
    Closed,
}

impl Array {
    /// What it knows of the content before the head.
    pub(super) fn at_head(&self) -> Self {
        if self.place == Place::In && !self.skipping {
            return Self {
                place: Place::Before,
                ..Self::default()
            };
        }
        Self {
            scanned: 0,
            ..self.clone()
        }
    }

    pub(super) fn find(&mut self, rest: &[u8], limit: usize, last: bool) -> Step {
        if self.place == Place::In {
            return self.value(rest, limit, last);
        }
        let blanks = rest
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        if blanks > 0 {
            return Step::Skip(blanks);
        }
        let Some(&byte) = rest.first() else {
            let open = last && self.place != Place::Closed;
            return if open {
                Step::Rest(SplitError::NotClosed)
            } else {
                Step::More
            };
        };
        self.place = match (self.place, byte) {
            (Place::Start, b'[') | (Place::After, b',') => Place::Before,
            (Place::Before | Place::After, b']') => Place::Closed,
            (Place::Before, b',' | b'}') | (Place::Start | Place::After, _) => {
                return Step::Rest(SplitError::Comma);
            }
            (Place::Closed, _) => return Step::Rest(SplitError::Trailing),
            (Place::Before | Place::In, _) => {
                self.place = Place::In;
                return self.value(rest, limit, last);
            }
        };
        Step::Skip(1)
    }

    /// Finds the end of the value at the head.
    fn value(&mut self, rest: &[u8], limit: usize, last: bool) -> Step {
        if let Some(end) = self.scan(rest) {
            self.place = Place::After;
            self.scanned = 0;
            if std::mem::take(&mut self.skipping) {
                return Step::Skip(end);
            }
            if end > limit {
                let error = SplitError::TooLong { limit };
                return Step::Fault {
                    error,
                    length: limit,
                    consumed: end,
                    truncated: true,
                };
            }
            return Step::Record {
                length: end,
                consumed: end,
            };
        }
        // A backslash at the very end is not scanned yet: it belongs to the next character.
        if self.skipping {
            return Step::Skip(std::mem::take(&mut self.scanned));
        }
        if rest.len() > limit {
            self.skipping = true;
            let (error, consumed) = (
                SplitError::TooLong { limit },
                std::mem::take(&mut self.scanned),
            );
            return Step::Fault {
                error,
                length: limit,
                consumed,
                truncated: true,
            };
        }
        if last {
            Step::Rest(SplitError::NotClosed)
        } else {
            Step::More
        }
    }

    /// The length of the value, once its end is known.
    fn scan(&mut self, rest: &[u8]) -> Option<usize> {
        while let Some(&byte) = rest.get(self.scanned) {
            if self.string {
                let ahead = rest.get(self.scanned..).unwrap_or_default();
                let Some(found) = memchr2(b'"', b'\\', ahead) else {
                    self.scanned = rest.len();
                    return None;
                };
                if ahead.get(found) == Some(&b'\\') {
                    // Stay on the backslash until the character that it escapes is there.
                    self.scanned += found;
                    if ahead.len() < found + 2 {
                        return None;
                    }
                    self.scanned += 2;
                    continue;
                }
                self.string = false;
                self.scanned += found + 1;
                if self.depth == 0 {
                    return Some(self.scanned);
                }
                continue;
            }
            match byte {
                b'"' if self.depth == 0 && self.scanned > 0 => return Some(self.scanned),
                b'"' => self.string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => {
                    self.depth = 0;
                    self.scanned += 1;
                    return Some(self.scanned);
                }
                b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                    return Some(self.scanned);
                }
                _ => {}
            }
            self.scanned += 1;
        }
        None
    }
}
