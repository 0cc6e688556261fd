//! What is kept of a record that ended unpublished, as one line of JSON, and how it is read back.

use std::sync::LazyLock;

use base64::{Engine, prelude::BASE64_STANDARD};
use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};
use tt_event::{EventId, Source};

use crate::{failure::Failure, object::Object, undelivered, upload::Upload};

const SCHEMA: &str = "tt-parked/1";

/// How such a line begins.
#[cfg(test)]
pub(crate) const LINE_BEGINS: &str = r#"{"schema":"tt-parked/1","#;

/// The longest line of a record that has this many bytes at most.
///
/// Content and header are each a third longer in base64, keys have 1024 bytes, of which each may
/// take six.
pub(crate) fn line_bytes(record_bytes: usize) -> usize {
    record_bytes.saturating_mul(3).saturating_add(64 * 1024)
}

/// A stretch of a file, with what is needed to find it again.
#[derive(Debug, Default)]
pub(crate) struct Stretch<'a> {
    /// Position among the records of the file.
    pub(crate) index: u64,
    /// Where it begins in the unpacked content.
    pub(crate) offset: u64,
    /// Its bytes.
    pub(crate) content: &'a [u8],
    /// Whether these are only the first of them; the object itself has the others.
    pub(crate) truncated: bool,
    /// Where it really comes from, when the file holds parked records.
    pub(crate) origin: Option<Box<Origin>>,
    /// Where to go on, when it stands for all that was not read.
    pub(crate) rest: Option<Box<Upload>>,
}

/// Where a parked record stood before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The place that its event id follows from.
    pub(crate) source: Source,
    /// Where it begins in the unpacked content.
    pub(crate) offset: u64,
    /// The header row of its file.
    pub(crate) header: Option<Vec<u8>>,
}

/// What a parked line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    /// This record once more.
    Record {
        origin: Origin,
        content: Vec<u8>,
        truncated: bool,
    },
    /// The rest of a file.
    Rest(Upload),
}

/// One line as it is written.
#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    reason: String,
    #[serde(flatten)]
    source: &'a Source,
    offset: u64,
    event_id: EventId,
    truncated: bool,
    /// The header row, without which a CSV row says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<&'a Upload>,
}

/// One line as it is read.
#[derive(Deserialize)]
struct ReadLine {
    schema: String,
    #[serde(flatten)]
    source: Source,
    offset: u64,
    truncated: bool,
    header: Option<String>,
    header_base64: Option<String>,
    content: Option<String>,
    content_base64: Option<String>,
    rest: Option<Upload>,
}

/// Writes the line of a stretch of `object`, whose header row is `header`.
pub(crate) fn write(
    object: &Object,
    header: Option<&[u8]>,
    stretch: &Stretch<'_>,
    failure: &Failure,
) -> Vec<u8> {
    let here = object.source(stretch.index);
    let (source, offset, header) = match stretch.origin.as_deref() {
        Some(origin) => (&origin.source, origin.offset, origin.header.as_deref()),
        None => (&here, stretch.offset, header),
    };
    let (header, header_base64) = header.map_or((None, None), text_or_base64);
    let (content, content_base64) = text_or_base64(stretch.content);
    let line = Line {
        schema: SCHEMA,
        reason: failure.to_string(),
        source,
        offset,
        event_id: source.event_id(),
        truncated: stretch.truncated,
        header,
        header_base64,
        content,
        content_base64,
        rest: stretch.rest.as_deref(),
    };
    #[expect(clippy::expect_used, reason = "strings and numbers always serialize")]
    let mut text = serde_json::to_vec(&line).expect("a line is JSON");
    text.push(b'\n');
    text
}

/// Whether this may be a parked line, ours or of Case Creation, or the beginning of one.
pub(crate) fn is_likely(line: &[u8]) -> bool {
    is_likely_ours(line) || undelivered::is_likely(line)
}

fn is_likely_ours(line: &[u8]) -> bool {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(SCHEMA));
    FINDER.find(line).is_some()
}

/// Reads a line; `None` when it is neither ours nor of Case Creation: an ordinary record.
pub(crate) fn read(line: &[u8]) -> Option<Replay> {
    if !line.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    if is_likely_ours(line) {
        return read_ours(line);
    }
    let (source, content) = undelivered::read(line)?;
    let origin = Origin {
        source,
        offset: 0,
        header: None,
    };
    Some(Replay::Record {
        origin,
        content,
        truncated: false,
    })
}

fn read_ours(line: &[u8]) -> Option<Replay> {
    let line: ReadLine = serde_json::from_slice(line).ok()?;
    if line.schema != SCHEMA {
        return None;
    }
    if let Some(rest) = line.rest {
        return Some(Replay::Rest(rest));
    }
    let header = match (line.header, line.header_base64) {
        (None, None) => None,
        (text, base64) => Some(bytes(text, base64)?),
    };
    Some(Replay::Record {
        content: bytes(line.content, line.content_base64)?,
        truncated: line.truncated,
        origin: Origin {
            source: line.source,
            offset: line.offset,
            header,
        },
    })
}

/// Text stays readable, unless its escapes would make it longer than base64.
fn text_or_base64(bytes: &[u8]) -> (Option<&str>, Option<String>) {
    let growth = bytes.iter().map(|byte| match byte {
        b'"' | b'\\' => 1,
        // Most of them become `\u0000`.
        byte if byte.is_ascii_control() => 5,
        _ => 0,
    });
    let short = growth.sum::<usize>() <= bytes.len() / 3 + 64;
    match str::from_utf8(bytes) {
        Ok(text) if short => (Some(text), None),
        _ => (None, Some(BASE64_STANDARD.encode(bytes))),
    }
}

fn bytes(text: Option<String>, base64: Option<String>) -> Option<Vec<u8>> {
    match text {
        Some(text) => Some(text.into_bytes()),
        None => BASE64_STANDARD.decode(base64?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::record::Malformed;

    fn object() -> Object {
        Object {
            bucket: "bucket".to_owned(),
            key: "incoming/a.csv".to_owned(),
            version_id: Some("v1".to_owned()),
            e_tag: None,
            size: None,
        }
    }

    fn parked(header: Option<&[u8]>, content: &[u8]) -> Vec<u8> {
        let stretch = Stretch {
            index: 7,
            offset: 99,
            content,
            ..Stretch::default()
        };
        let failure = Failure::Malformed(Malformed::NotObject);
        let mut line = write(&object(), header, &stretch, &failure);
        assert_eq!(line.pop(), Some(b'\n'));
        assert!(!line.contains(&b'\n') && line.starts_with(LINE_BEGINS.as_bytes()));
        line
    }

    fn json(line: &[u8]) -> Value {
        serde_json::from_slice(line).unwrap()
    }

    #[test]
    fn a_line_says_what_where_and_why() {
        let line = json(&parked(Some(b"a,b"), b"1,\"2\n3\""));
        assert_eq!(line["content"], "1,\"2\n3\"");
        assert_eq!(line["reason"], "not a JSON object");
        assert_eq!(
            (&line["bucket"], &line["key"]),
            (&"bucket".into(), &"incoming/a.csv".into())
        );
        assert_eq!(
            (&line["version"], &line["index"]),
            (&"v1".into(), &7.into())
        );
        assert_eq!(
            (&line["offset"], &line["header"]),
            (&99.into(), &"a,b".into())
        );
        assert_eq!(line["event_id"], object().source(7).event_id().as_str());
    }

    #[test]
    fn content_that_is_no_text_is_kept_as_base64() {
        let line = json(&parked(Some(b"\xfe"), b"\xff\x00"));
        assert_eq!(
            (&line["content_base64"], &line["header_base64"]),
            (&"/wA=".into(), &"/g==".into())
        );
        assert_eq!(line.get("content"), None);
    }

    #[test]
    fn a_record_comes_back_byte_by_byte_under_its_own_name() {
        for content in [b"{\"a\":1}".as_slice(), b"1,\"2\r\n3\"", b"\xff\x00", b""] {
            for header in [None, Some(b"a,b".as_slice()), Some(b"\xfe")] {
                let expected = Replay::Record {
                    origin: Origin {
                        source: object().source(7),
                        offset: 99,
                        header: header.map(<[u8]>::to_vec),
                    },
                    content: content.to_vec(),
                    truncated: false,
                };
                assert_eq!(read(&parked(header, content)), Some(expected));
            }
        }
    }

    #[test]
    fn a_record_parked_again_keeps_its_origin() {
        let first = parked(Some(b"a,b"), b"1,2");
        let Some(Replay::Record {
            origin, content, ..
        }) = read(&first)
        else {
            panic!("a record was parked");
        };
        let stretch = Stretch {
            index: 3,
            content: &content,
            origin: Some(Box::new(origin)),
            ..Stretch::default()
        };
        let replayed = Object {
            key: "incoming/again.ndjson".to_owned(),
            ..object()
        };
        let failure = Failure::Malformed(Malformed::NotObject);
        let again = write(&replayed, None, &stretch, &failure);
        assert_eq!(again.trim_ascii_end(), first);
    }

    #[test]
    fn a_line_is_recognised_by_its_schema_wherever_that_stands() {
        let sorted = json(&parked(Some(b"a,b"), b"1,2")).to_string();
        assert!(!sorted.starts_with(LINE_BEGINS));
        assert_eq!(read(sorted.as_bytes()), read(&parked(Some(b"a,b"), b"1,2")));
        for other in ["tt-parked/2", "tt-parked/10", "tt-parked"] {
            assert_eq!(read(sorted.replace("tt-parked/1", other).as_bytes()), None);
        }
        assert_eq!(read(br#"{"record_id":"tt-parked/1"}"#), None);
    }

    #[test]
    fn the_longest_line_is_within_its_bound() {
        const BYTES: usize = 300_000;
        for filling in [b'x', 0, b'"', b'\\', b'\n', 0x7f, 0xff, b'\t'] {
            let content = vec![filling; BYTES];
            let line = parked(Some(&content), &content);
            assert!(line.len() <= line_bytes(BYTES), "{filling}: {}", line.len());
        }
        let mixed: Vec<u8> = (0..BYTES)
            .map(|n| if n % 4 == 0 { b'"' } else { b'x' })
            .collect();
        assert!(parked(Some(&mixed), &mixed).len() <= line_bytes(BYTES));
    }
}
