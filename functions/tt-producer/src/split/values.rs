//! The values of a CSV row.

use std::borrow::Cow;

use memchr::memchr;

/// The values of a row whose quotes pair, as [`Splitter`](super::Splitter) hands it out.
///
/// `csv-core` is not used for this: it accepts a row whose quotes do not pair, and then the row contains others.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    rest: Option<&'a str>,
    delimiter: u8,
    backslash: bool,
}

impl<'a> Values<'a> {
    /// The values of `row`. With `backslash`, a backslash escapes a quote, a delimiter or another backslash.
    pub fn new(row: &'a str, delimiter: u8, backslash: bool) -> Self {
        Self {
            rest: Some(row),
            delimiter,
            backslash,
        }
    }

    /// The value behind an opening quote, and what comes behind the delimiter after it.
    fn quoted(&self, text: &'a str) -> (Cow<'a, str>, Option<&'a str>) {
        let mut value = Cow::Borrowed("");
        let mut rest = text;
        loop {
            let Some(at) = self.next_special(rest) else {
                return (value + rest, None);
            };
            let (part, behind) = cut(rest, at);
            value += part;
            if rest.as_bytes().get(at) == Some(&b'\\') {
                let escaped = self.escaped(behind);
                // Any other backslash is one.
                value += escaped.unwrap_or("\\");
                rest = behind
                    .get(escaped.map_or(0, str::len)..)
                    .unwrap_or_default();
            } else if let Some(behind) = behind.strip_prefix('"') {
                value += "\"";
                rest = behind;
            } else {
                // Nothing but blanks comes before the delimiter.
                let end = memchr(self.delimiter, behind.as_bytes());
                return (value, end.map(|end| cut(behind, end).1));
            }
        }
    }

    /// A value without quotes around it, and what comes behind its delimiter.
    fn plain(&self, text: &'a str) -> (Cow<'a, str>, Option<&'a str>) {
        if !self.backslash || memchr(b'\\', text.as_bytes()).is_none() {
            return match memchr(self.delimiter, text.as_bytes()) {
                Some(at) => {
                    let (value, behind) = cut(text, at);
                    (Cow::Borrowed(value), Some(behind))
                }
                None => (Cow::Borrowed(text), None),
            };
        }
        let mut value = Cow::Borrowed("");
        let mut rest = text;
        while let Some(at) = memchr::memchr2(self.delimiter, b'\\', rest.as_bytes()) {
            let (part, behind) = cut(rest, at);
            value += part;
            if rest.as_bytes().get(at) == Some(&self.delimiter) {
                return (value, Some(behind));
            }
            let escaped = self.escaped(behind);
            value += escaped.unwrap_or("\\");
            rest = behind
                .get(escaped.map_or(0, str::len)..)
                .unwrap_or_default();
        }
        (value + rest, None)
    }

    fn next_special(&self, text: &str) -> Option<usize> {
        if self.backslash {
            memchr::memchr2(b'"', b'\\', text.as_bytes())
        } else {
            memchr(b'"', text.as_bytes())
        }
    }

    /// The character that a backslash escapes, when it does.
    fn escaped(&self, behind: &'a str) -> Option<&'a str> {
        let byte = *behind.as_bytes().first()?;
        (byte == b'"' || byte == b'\\' || byte == self.delimiter)
            .then(|| behind.get(..1))
            .flatten()
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        let text = self.rest?;
        let delimiter = char::from(self.delimiter);
        let trimmed = text.trim_start_matches([' ', '\t'].as_slice());
        let quoted = match text.strip_prefix('"') {
            Some(quoted) => Some(quoted),
            // Blanks in front of a quote; a tab may be the delimiter instead.
            None if !text.starts_with([' ', '\t'].as_slice()) => None,
            None if delimiter == '\t' => text.trim_start_matches(' ').strip_prefix('"'),
            None => trimmed.strip_prefix('"'),
        };
        let (value, behind) = match quoted {
            Some(quoted) => self.quoted(quoted),
            None => self.plain(text),
        };
        self.rest = behind;
        Some(value)
    }
}

/// What comes before and behind the ASCII character at `at`.
fn cut(text: &str, at: usize) -> (&str, &str) {
    let before = text.get(..at).unwrap_or_default();
    (before, text.get(at + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(row: &str) -> Vec<Cow<'_, str>> {
        Values::new(row, b',', false).collect()
    }

    fn escaped(row: &str) -> Vec<Cow<'_, str>> {
        Values::new(row, b',', true).collect()
    }

    #[test]
    fn values_are_unquoted() {
        assert_eq!(values("a,,b"), ["a", "", "b"]);
        assert_eq!(values(""), [""]);
        assert_eq!(values("a,"), ["a", ""]);
        assert_eq!(
            values(r#""a,b","say ""hi""","",x"y"#),
            ["a,b", r#"say "hi""#, "", r#"x"y"#]
        );
        assert_eq!(values("\"1\n2\",3"), ["1\n2", "3"]);
        assert_eq!(values("\"\","), ["", ""]);
    }

    #[test]
    fn blanks_around_quotes_are_no_content() {
        assert_eq!(values(r#"a, "b,c" ,d"#), ["a", "b,c", "d"]);
        assert_eq!(values("a, b ,c"), ["a", " b ", "c"]);
        let tabs: Vec<_> = Values::new("a\t\"b\"\t\tc", b'\t', false).collect();
        assert_eq!(tabs, ["a", "b", "", "c"]);
    }

    #[test]
    fn a_backslash_escapes_quotes_delimiters_and_backslashes() {
        assert_eq!(escaped(r#""a\"b","c\\",d\,e"#), [r#"a"b"#, r"c\", "d,e"]);
        assert_eq!(escaped(r#""a\nb",c\d"#), [r"a\nb", r"c\d"]);
        assert_eq!(values(r#""C:\dir\",x"#), [r"C:\dir\", "x"]);
    }
}
