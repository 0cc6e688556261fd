//! JSON Lines: a record ends with its line.

use memchr::memchr;
use serde::{Deserialize, Serialize};

use super::{SplitError, Step};
use crate::parked;

/// Finds lines. Blank lines are no records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lines {
    /// Bytes at the head that hold no line end.
    #[serde(skip)]
    scanned: usize,
    /// Whether the head is the rest of a line that was too long.
    skipping: bool,
}

impl Lines {
    /// What it knows of the content before the head.
    pub(super) fn at_head(&self) -> Self {
        Self {
            scanned: 0,
            skipping: self.skipping,
        }
    }

    pub(super) fn find(&mut self, rest: &[u8], limit: usize, last: bool) -> Step {
        let unseen = rest.get(self.scanned..).unwrap_or_default();
        let end = memchr(b'\n', unseen).map(|position| self.scanned + position);
        let (line, consumed) = match end {
            Some(end) => (rest.get(..end).unwrap_or_default(), end + 1),
            None if last => (rest, rest.len()),
            None if self.skipping => return Step::Skip(rest.len()),
            None if is_too_long(rest, limit_of(rest, limit)) => {
                let limit = limit_of(rest, limit);
                self.scanned = 0;
                self.skipping = true;
                let error = SplitError::TooLong { limit };
                return Step::Fault {
                    error,
                    length: limit,
                    consumed: rest.len(),
                    truncated: true,
                };
            }
            None => {
                self.scanned = rest.len();
                return Step::More;
            }
        };
        self.scanned = 0;
        if std::mem::take(&mut self.skipping) || line.trim_ascii().is_empty() {
            return Step::Skip(consumed);
        }
        step_of_line(line, consumed, limit_of(line, limit))
    }
}

/// The limit for a line. A parked record is wrapped in more than itself, and shall come through again.
fn limit_of(line: &[u8], limit: usize) -> usize {
    match line.get(..limit) {
        Some(begin) if parked::is_likely(begin) => parked::line_bytes(limit),
        _ => limit,
    }
}

/// The step for one whole line without its line feed.
pub(super) fn step_of_line(line: &[u8], consumed: usize, limit: usize) -> Step {
    let length = line.strip_suffix(b"\r").unwrap_or(line).len();
    if is_too_long(line, limit) {
        let error = SplitError::TooLong { limit };
        return Step::Fault {
            error,
            length: limit,
            consumed,
            truncated: true,
        };
    }
    Step::Record { length, consumed }
}

/// Whether a line, whole or not, is above the limit; its carriage return does not count.
pub(super) fn is_too_long(line: &[u8], limit: usize) -> bool {
    line.strip_suffix(b"\r").unwrap_or(line).len() > limit
}
