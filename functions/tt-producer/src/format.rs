//! Which of the three formats a file is written in.

/// The layout of the records in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Comma-separated values, the first row names the fields.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// One JSON array of objects.
    JsonArray,
}

/// What the first bytes of a file say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detection {
    /// The format.
    Format(Format),
    /// This many bytes carry nothing: a byte order mark or blanks. Look again behind them.
    Blank(usize),
    /// Two bytes a character, which we refuse.
    Utf16,
    /// Too few bytes to say.
    More,
}

impl Format {
    /// Decides by the first bytes, and where they leave it open by the suffix of the key.
    ///
    /// `last` says that no more bytes follow.
    pub(crate) fn detect(head: &[u8], key: &str, last: bool) -> Detection {
        match head {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => Detection::Utf16,
            [0xef, 0xbb, 0xbf, ..] => Detection::Blank(3),
            [_] | [0xef, 0xbb] | [] if !last => Detection::More,
            [] => Detection::More,
            [first, ..] if first.is_ascii_whitespace() => {
                let blanks = head
                    .iter()
                    .take_while(|byte| byte.is_ascii_whitespace())
                    .count();
                Detection::Blank(blanks)
            }
            [b'[', ..] => Detection::Format(Self::JsonArray),
            [b'{', ..] => Detection::Format(Self::JsonLines),
            _ => Detection::Format(Self::of_suffix(key)),
        }
    }

    fn of_suffix(key: &str) -> Self {
        let key = key.to_ascii_lowercase();
        let plain = key.strip_suffix(".gz").unwrap_or(&key);
        let suffix = plain.rsplit_once('.').map(|(_, suffix)| suffix);
        match suffix {
            Some("jsonl" | "ndjson" | "json") => Self::JsonLines,
            _ => Self::Csv,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(head: &[u8], key: &str) -> Detection {
        Format::detect(head, key, true)
    }

    #[test]
    fn content_wins_over_the_suffix() {
        assert_eq!(detect(b"[{", "a.csv"), Detection::Format(Format::JsonArray));
        assert_eq!(
            detect(b"{\"", "a.csv"),
            Detection::Format(Format::JsonLines)
        );
    }

    #[test]
    fn the_suffix_decides_where_content_is_open() {
        assert_eq!(
            detect(b"abc", "a.jsonl"),
            Detection::Format(Format::JsonLines)
        );
        assert_eq!(
            detect(b"abc", "A.NDJSON.GZ"),
            Detection::Format(Format::JsonLines)
        );
        assert_eq!(detect(b"abc", "a.csv.gz"), Detection::Format(Format::Csv));
        assert_eq!(detect(b"abc", "a"), Detection::Format(Format::Csv));
    }

    #[test]
    fn byte_order_mark_and_blanks_are_stepped_over() {
        assert_eq!(detect(b"\xef\xbb\xbf{", "a"), Detection::Blank(3));
        assert_eq!(detect(b" \r\n{", "a"), Detection::Blank(3));
    }

    #[test]
    fn utf_16_is_recognised_with_and_without_byte_order_mark() {
        for head in [b"\xff\xfea\0", b"\xfe\xff\0a", b"a\0b\0", b"\0a\0b"] {
            assert_eq!(detect(head, "a"), Detection::Utf16);
        }
    }

    #[test]
    fn too_few_bytes_wait_for_more() {
        assert_eq!(Format::detect(b"", "a", false), Detection::More);
        assert_eq!(Format::detect(b"\xef\xbb", "a", false), Detection::More);
        assert_eq!(Format::detect(b"{", "a", false), Detection::More);
        assert_eq!(
            Format::detect(b"{", "a", true),
            Detection::Format(Format::JsonLines)
        );
    }
}
