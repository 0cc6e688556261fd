//! JSON: values one after the other, on a line each, over several lines, or in arrays.

use memchr::memchr2;

use super::step::{SplitError, Step, is_padding, trim_padding};
use crate::upload::{self, Skipping};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The deepest nesting, as in `serde_json`.
const MAX_DEPTH: u32 = 128;

/// Finds values by their strings and brackets. Whether a value is valid JSON is decided when it is parsed.
///
/// A line that is cut off must not swallow the lines behind it. So when a line ends within a string, or the next one
/// begins with an object where none is allowed, only the first line of the value is a record (which is then malformed).
/// A value that begins with a bracket on a line of its own ends before the next such line instead.
#[derive(Debug, Default)]
pub(super) struct Json {
    state: upload::Json,
    scan: Option<Scan>,
}

/// The state of reading one value.
#[derive(Debug)]
enum Scan {
    Value(Value),
    /// The value is its line, of which so many bytes contain no line end.
    Line(usize),
    /// The value ends before the next line that begins with an object and is not indented further.
    Object(usize),
}

#[derive(Debug, Default)]
struct Value {
    /// Bytes read.
    at: usize,
    /// Open brackets.
    depth: u32,
    /// For each of them, the innermost last, whether it is one of an array.
    arrays: u128,
    string: bool,
    /// The last byte that is neither blank nor in a string.
    before: u8,
    is_line_start: bool,
}

enum Found {
    End(usize),
    /// No value is closed here: the line is cut off.
    Broken,
    More,
}

impl Json {
    pub(super) fn new(state: upload::Json) -> Self {
        Self { state, scan: None }
    }

    /// What the content before the head has decided.
    pub(super) fn state(&self) -> upload::Json {
        self.state
    }

    pub(super) fn find(&mut self, rest: &[u8], limit: usize, last: bool) -> Step {
        if let Some(skipping) = self.state.skipping {
            return self.skip(skipping, rest, last);
        }
        if self.scan.is_none() {
            let blanks = self.skip_blanks(rest);
            if blanks > 0 {
                return Step::Skip(blanks);
            }
            match rest.first() {
                None if last && self.state.array => return Step::Rest(SplitError::NotClosed),
                None => return Step::More,
                Some(b'[') if self.opens_array() => {
                    (self.state.array, self.state.closed) = (true, false);
                    return Step::Skip(1);
                }
                Some(b']') if self.state.array => {
                    (self.state.array, self.state.closed) = (false, true);
                    return Step::Skip(1);
                }
                Some(_) if BYTE_ORDER_MARK.starts_with(rest) && !last => return Step::More,
                Some(byte) if self.state.closed && *byte != b'{' => {
                    return Step::Rest(SplitError::Trailing);
                }
                Some(b'{') => self.scan = Some(Scan::Value(Value::default())),
                Some(_) if self.state.array => self.scan = Some(Scan::Value(Value::default())),
                Some(_) => self.scan = Some(Scan::Line(0)),
            }
        }
        let window = rest.get(..limit.saturating_add(1)).unwrap_or(rest);
        let last = last && window.len() == rest.len();
        self.value(window, limit, last)
    }

    fn opens_array(&self) -> bool {
        !self.state.array && (!self.state.values || self.state.closed)
    }

    /// The length of what separates values: blanks, padding, commas, record separators and byte order marks.
    fn skip_blanks(&mut self, rest: &[u8]) -> usize {
        let mut length = 0;
        while let Some(ahead) = rest.get(length..) {
            match ahead {
                [b' ' | b'\t', ..] => {
                    self.state.indent = self.state.indent.saturating_add(1);
                    length += 1;
                }
                [b'\n' | b'\r', ..] => {
                    self.state.indent = 0;
                    length += 1;
                }
                [b',' | 0x1e, ..] => length += 1,
                [byte, ..] if is_padding(*byte) => length += 1,
                _ if ahead.starts_with(BYTE_ORDER_MARK) => length += BYTE_ORDER_MARK.len(),
                _ => break,
            }
        }
        length
    }

    /// Finds the end of the value at the head.
    fn value(&mut self, window: &[u8], limit: usize, last: bool) -> Step {
        loop {
            let is_too_long = window.len() > limit;
            match &mut self.scan {
                Some(Scan::Value(value)) => match value.run(window) {
                    Found::End(end) => return self.end(window, end, end, limit),
                    Found::Broken => self.give_up(window),
                    Found::More if is_too_long => {
                        if memchr2(b'\n', b'\r', window).is_some() && !self.state.array {
                            self.give_up(window);
                        } else {
                            return self.too_long_value(limit);
                        }
                    }
                    Found::More if last && self.state.array => {
                        self.scan = None;
                        return Step::Rest(SplitError::NotClosed);
                    }
                    Found::More if last => self.give_up(window),
                    Found::More => return Step::More,
                },
                Some(Scan::Line(at)) => {
                    let unseen = window.get(*at..).unwrap_or_default();
                    match memchr2(b'\n', b'\r', unseen) {
                        Some(found) => {
                            let end = *at + found;
                            return self.end(window, end, end + 1, limit);
                        }
                        None if is_too_long => {
                            return self.too_long(limit, window.len(), Skipping::Line);
                        }
                        None if last => return self.end(window, window.len(), window.len(), limit),
                        None => {
                            *at = window.len();
                            return Step::More;
                        }
                    }
                }
                Some(Scan::Object(at)) => {
                    let indent = self.state.indent;
                    match next_object(window, *at, indent) {
                        Ok(end) => return self.end(window, end, end, limit),
                        Err(_) if is_too_long => {
                            let skipping = Skipping::Object { indent };
                            return self.too_long(limit, window.len(), skipping);
                        }
                        Err(_) if last => {
                            return self.end(window, window.len(), window.len(), limit);
                        }
                        Err(seen) => {
                            *at = seen;
                            return Step::More;
                        }
                    }
                }
                None => return Step::More,
            }
        }
    }

    /// Gives up a value that is cut off.
    fn give_up(&mut self, window: &[u8]) {
        let first = memchr2(b'\n', b'\r', window).unwrap_or(window.len());
        let first_line = window.get(1..first).unwrap_or_default();
        self.scan = Some(
            if trim_padding(first_line).is_empty() && first < window.len() {
                Scan::Object(first)
            } else {
                Scan::Line(0)
            },
        );
    }

    fn end(&mut self, window: &[u8], end: usize, consumed: usize, limit: usize) -> Step {
        self.scan = None;
        self.ended();
        let value = trim_padding(window.get(..end).unwrap_or_default());
        if value.len() > limit {
            return Step::Fault {
                error: SplitError::TooLong { limit },
                length: limit,
                consumed,
                truncated: true,
            };
        }
        Step::Record {
            length: value.len(),
            consumed,
            backslash: false,
        }
    }

    fn ended(&mut self) {
        self.state = upload::Json {
            array: self.state.array,
            values: true,
            ..upload::Json::default()
        };
    }

    fn too_long_value(&mut self, limit: usize) -> Step {
        let (consumed, depth, string) = match &self.scan {
            Some(Scan::Value(value)) => (value.at, value.depth, value.string),
            _ => (0, 0, false),
        };
        self.too_long(limit, consumed, Skipping::Value { depth, string })
    }

    fn too_long(&mut self, limit: usize, consumed: usize, skipping: Skipping) -> Step {
        self.scan = None;
        self.ended();
        self.state.skipping = Some(skipping);
        Step::Fault {
            error: SplitError::TooLong { limit },
            length: limit,
            consumed,
            truncated: true,
        }
    }

    /// Skips the rest of a value that was too long.
    fn skip(&mut self, skipping: Skipping, rest: &[u8], last: bool) -> Step {
        match skipping {
            Skipping::Line => match memchr2(b'\n', b'\r', rest) {
                Some(end) => self.skipped(end + 1),
                None => Step::Skip(rest.len()),
            },
            Skipping::Object { indent } => match next_object(rest, 0, indent) {
                Ok(end) => self.skipped(end + 1),
                Err(_) if last => Step::Skip(rest.len()),
                Err(seen) => Step::Skip(seen),
            },
            Skipping::Value { depth, string } => self.skip_value(rest, depth, string, last),
        }
    }

    /// Ends the skipping after `length` bytes.
    fn skipped(&mut self, length: usize) -> Step {
        self.state.skipping = None;
        Step::Skip(length)
    }

    fn skip_value(&mut self, rest: &[u8], mut depth: u32, mut string: bool, last: bool) -> Step {
        let mut at = 0;
        while let Some(&byte) = rest.get(at) {
            match byte {
                // The escaped character must be there, too.
                b'\\' if string && at + 1 == rest.len() && !last => break,
                b'\\' if string => at += 1,
                b'"' if string => {
                    string = false;
                    if depth == 0 {
                        return self.skipped(at + 1);
                    }
                }
                b'\n' | b'\r' if string || !self.state.array => return self.skipped(at + 1),
                _ if string => {}
                b'"' => string = true,
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' if depth > 1 => depth -= 1,
                b'}' | b']' if depth == 1 => return self.skipped(at + 1),
                b']' if depth == 0 && self.state.array => {
                    (self.state.array, self.state.closed) = (false, true);
                    return self.skipped(at + 1);
                }
                b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => {
                    return self.skipped(at + 1);
                }
                _ => {}
            }
            at += 1;
        }
        let at = at.min(rest.len());
        self.state.skipping = Some(Skipping::Value { depth, string });
        Step::Skip(at)
    }
}

impl Value {
    /// Reads until the end of the value.
    fn run(&mut self, window: &[u8]) -> Found {
        while let Some(&byte) = window.get(self.at) {
            if self.string {
                let ahead = window.get(self.at..).unwrap_or_default();
                let is_special = |byte: &u8| matches!(*byte, b'"' | b'\\' | b'\n' | b'\r');
                let Some(found) = ahead.iter().position(is_special) else {
                    self.at = window.len();
                    return Found::More;
                };
                match (ahead.get(found), ahead.get(found + 1)) {
                    (Some(b'"'), _) => {
                        self.string = false;
                        self.at += found + 1;
                        if self.depth == 0 {
                            return Found::End(self.at);
                        }
                    }
                    (Some(b'\\'), None) => {
                        // Stay on the backslash until the character that it escapes is there.
                        self.at += found;
                        return Found::More;
                    }
                    (Some(b'\\'), Some(escaped)) if !matches!(*escaped, b'\n' | b'\r') => {
                        self.at += found + 2;
                    }
                    _ => return Found::Broken,
                }
                continue;
            }
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' if self.depth == 0 => {
                    return Found::End(self.at);
                }
                b' ' | b'\t' => self.at += 1,
                b'\n' | b'\r' => {
                    self.is_line_start = true;
                    self.at += 1;
                }
                b'"' | b'{' | b'[' if self.depth == 0 && self.at > 0 => {
                    return Found::End(self.at);
                }
                b'{' if self.is_line_start && !self.allows_value() => return Found::Broken,
                b'{' | b'[' if self.depth >= MAX_DEPTH => return Found::Broken,
                b'{' | b'[' => {
                    self.depth += 1;
                    self.arrays = (self.arrays << 1) | u128::from(byte == b'[');
                    self.step(byte);
                }
                b'}' | b']' if self.depth == 0 => return Found::End(self.at.max(1)),
                b'}' | b']' => {
                    self.depth -= 1;
                    self.arrays >>= 1;
                    self.step(byte);
                    if self.depth == 0 {
                        return Found::End(self.at);
                    }
                }
                b'"' => {
                    self.string = true;
                    self.step(byte);
                }
                byte => self.step(byte),
            }
        }
        Found::More
    }

    fn step(&mut self, byte: u8) {
        self.before = byte;
        self.is_line_start = false;
        self.at += 1;
    }

    /// Whether a value may come next.
    fn allows_value(&self) -> bool {
        let is_array = self.arrays & 1 == 1;
        matches!(self.before, b':' | b'[') || (self.before == b',' && is_array)
    }
}

/// The end of the line before the next one, from `start` on, that begins with an object and is not indented further than
/// `indent`; otherwise the number of bytes that need not be looked at again.
fn next_object(window: &[u8], start: usize, indent: u32) -> Result<usize, usize> {
    let mut at = start;
    loop {
        let unseen = window.get(at..).unwrap_or_default();
        let Some(found) = memchr2(b'\n', b'\r', unseen) else {
            return Err(window.len());
        };
        let end = at + found;
        let line = window.get(end + 1..).unwrap_or_default();
        let is_blank = |byte: &&u8| matches!(**byte, b' ' | b'\t');
        let blanks = line.iter().take_while(is_blank).count();
        let is_deeper = blanks > usize::try_from(indent).unwrap_or(usize::MAX);
        match line.get(blanks) {
            Some(b'{') if !is_deeper => return Ok(end),
            None if !is_deeper => return Err(end),
            _ => at = end + 1,
        }
    }
}
