//! One parked line: what is kept of a record that was not published, or of many, and how it is read again.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tt_event::{EventId, Json, Source, TtEvent};

use super::{failure::Failure, spans::Span};
use crate::{
    encode::{Entry, HeaderRow, Origin},
    upload::{Object, Upload},
};

const SCHEMA: &str = "tt-parked/1";

/// The longest line of a record that has this many bytes at most.
///
/// Content and header are each a third longer in base64, and each of the 1024 bytes of a key may take up six.
pub(crate) fn line_bytes(record_bytes: usize) -> usize {
    record_bytes.saturating_mul(3).saturating_add(64 * 1024)
}

/// What is sent again for a parked line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// One record.
    Record {
        origin: Origin,
        content: Vec<u8>,
        truncated: bool,
        backslash: bool,
    },
    /// A part of a file.
    Part(Box<Upload>),
}

/// One line as it is written.
#[derive(Serialize)]
struct Written<'a> {
    schema: &'static str,
    reason: String,
    #[serde(flatten)]
    source: &'a Source,
    offset: u64,
    event_id: EventId,
    truncated: bool,
    /// The header row, without which a CSV row cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<char>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    backslash: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_base64: Option<String>,
    /// The part of the file that the line stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<&'a Upload>,
    /// The end of this part in the content, and its failed records for each kind of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<&'a BTreeMap<&'static str, u64>>,
}

/// One line as it is read.
#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    schema: Cow<'a, str>,
    bucket: String,
    key: String,
    version: String,
    index: u64,
    offset: u64,
    truncated: bool,
    #[serde(borrow)]
    header: Option<Cow<'a, str>>,
    #[serde(borrow)]
    header_base64: Option<Cow<'a, str>>,
    delimiter: Option<char>,
    #[serde(default)]
    backslash: bool,
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content_base64: Option<Cow<'a, str>>,
    rest: Option<Box<Upload>>,
}

/// A document of Case Creation, without what only people read.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(rename = "parked_at")]
    _parked_at: &'a RawValue,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// Appends the line of a record of `object`, whose header row is `header`.
pub(super) fn write_record(
    object: &Object,
    header: Option<&HeaderRow>,
    entry: &Entry<'_>,
    failure: &Failure,
    out: &mut Vec<u8>,
) {
    let here = object.source(entry.position.index);
    let (source, offset, header) = match entry.origin {
        Some(origin) => (&origin.source, origin.offset, origin.header.as_ref()),
        None => (&here, entry.position.offset, header),
    };
    let delimiter = header.map(|header| char::from(header.delimiter));
    let (header, header_base64) = header.map_or((None, None), |header| text_or_base64(&header.row));
    let (content, content_base64) = text_or_base64(entry.content);
    let line = Written {
        schema: SCHEMA,
        reason: failure.to_string(),
        source,
        offset,
        event_id: source.event_id(),
        truncated: entry.truncated,
        header,
        header_base64,
        delimiter,
        backslash: entry.backslash,
        content,
        content_base64,
        rest: entry.rest,
        end: None,
        failures: None,
    };
    write(&line, out);
}

/// Appends the line of a range of records: it refers to them in the object, and contains none of them.
pub(super) fn write_span(object: &Object, span: &Span, out: &mut Vec<u8>) {
    let source = object.source(span.first.index);
    let rest = Upload {
        position: span.first,
        until: Some(span.until()),
        ..Upload::new(object.clone())
    };
    let (failed, records) = (span.failed(), span.records);
    let line = Written {
        schema: SCHEMA,
        reason: format!("{failed} of {records} records failed"),
        source: &source,
        offset: span.first.offset,
        event_id: source.event_id(),
        truncated: true,
        header: None,
        header_base64: None,
        delimiter: None,
        backslash: false,
        content: None,
        content_base64: None,
        rest: Some(&rest),
        end: Some(span.end),
        failures: Some(&span.failures),
    };
    write(&line, out);
}

fn write(line: &Written<'_>, out: &mut Vec<u8>) {
    #[expect(clippy::expect_used, reason = "strings and numbers always serialize")]
    serde_json::to_writer(&mut *out, line).expect("a line is JSON");
    out.push(b'\n');
}

/// Reads a line of this function or a document of Case Creation; `None` when it is neither.
pub(crate) fn read_line(line: &[u8]) -> Option<Line> {
    read_own(line).or_else(|| read_document(line))
}

fn read_own(line: &[u8]) -> Option<Line> {
    let line: Read<'_> = serde_json::from_slice(line).ok()?;
    if line.schema != SCHEMA {
        return None;
    }
    if let Some(rest) = line.rest {
        return Some(Line::Part(rest));
    }
    let header = match (line.header, line.header_base64) {
        (None, None) => None,
        (text, base64) => Some(HeaderRow {
            row: bytes(text, base64)?,
            delimiter: line
                .delimiter
                .map_or(Some(b','), |delimiter| delimiter.try_into().ok())?,
        }),
    };
    Some(Line::Record {
        content: bytes(line.content, line.content_base64)?,
        truncated: line.truncated,
        backslash: line.backslash,
        origin: Origin {
            source: Source::new(line.bucket, line.key, line.version, line.index),
            offset: line.offset,
            header,
        },
    })
}

/// Reads a document of Case Creation as the record that its event was made of; `None` when the event would get another id.
fn read_document(line: &[u8]) -> Option<Line> {
    let document: Document<'_> = serde_json::from_slice(line).ok()?;
    let event = TtEvent::decode(document.payload.get().as_bytes()).ok()?;
    if event.event_id != event.source.event_id() {
        return None;
    }
    let content = serde_json::to_vec(&fields(&event)).ok()?;
    // The offset is not known; a record begins at its index or behind it.
    let offset = event.source.index;
    let origin = Origin {
        source: event.source,
        offset,
        header: None,
    };
    Some(Line::Record {
        origin,
        content,
        truncated: false,
        backslash: false,
    })
}

/// The fields of a record, with the names that they had in its file.
fn fields(event: &TtEvent) -> BTreeMap<&str, Cow<'_, Json>> {
    let extra = event.extra.iter();
    let extra = extra.map(|(name, value)| (name.as_str(), Cow::Borrowed(value)));
    let text = |text: &str| Cow::Owned(Json::from_text(text));
    let required = [
        ("record_id", text(&event.record_id)),
        ("customer_id", text(&event.customer_id)),
        ("event_type", text(&event.event_type)),
    ];
    let optional = [
        ("risk_rating", &event.risk_rating),
        ("occurred_at", &event.occurred_at),
        ("subject", &event.subject),
        ("details", &event.details),
    ];
    let optional = optional.into_iter().filter_map(|(name, value)| {
        let value = value.as_ref()?;
        Some((name, Cow::Borrowed(value)))
    });
    extra.chain(required).chain(optional).collect()
}

/// Text stays readable, unless its escapes would make it longer than base64.
fn text_or_base64(bytes: &[u8]) -> (Option<&str>, Option<String>) {
    let growth = bytes.iter().map(|byte| match byte {
        b'"' | b'\\' => 1,
        // Most of them become `\u0000`.
        byte if byte.is_ascii_control() => 5,
        _ => 0,
    });
    let is_short = growth.sum::<usize>() <= bytes.len() / 3 + 64;
    match str::from_utf8(bytes) {
        Ok(text) if is_short => (Some(text), None),
        _ => (None, Some(BASE64_STANDARD.encode(bytes))),
    }
}

fn bytes(text: Option<Cow<'_, str>>, base64: Option<Cow<'_, str>>) -> Option<Vec<u8>> {
    match text {
        Some(text) => Some(text.into_owned().into_bytes()),
        None => BASE64_STANDARD.decode(base64?.as_bytes()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{parse::Malformed, upload::Position};

    fn object() -> Object {
        Object {
            bucket: "bucket".to_owned(),
            key: "incoming/a.csv".to_owned(),
            version_id: Some("v1".to_owned()),
            e_tag: None,
            size: None,
        }
    }

    fn header(row: &[u8]) -> HeaderRow {
        HeaderRow {
            row: row.to_vec(),
            delimiter: b';',
        }
    }

    fn parked(header: Option<&HeaderRow>, content: &[u8]) -> Vec<u8> {
        let position = Position {
            index: 7,
            offset: 99,
            ..Position::default()
        };
        let entry = Entry {
            position,
            end: 120,
            content,
            truncated: false,
            backslash: false,
            origin: None,
            rest: None,
        };
        let failure = Failure::Malformed(Malformed::NotObject);
        let mut line = Vec::new();
        write_record(&object(), header, &entry, &failure, &mut line);
        assert_eq!(line.pop(), Some(b'\n'));
        assert!(!line.contains(&b'\n'));
        line
    }

    fn json(line: &[u8]) -> Value {
        serde_json::from_slice(line).unwrap()
    }

    #[test]
    fn a_line_contains_record_place_and_reason() {
        let line = json(&parked(Some(&header(b"a;b")), b"1;\"2\n3\""));
        assert_eq!(line["content"], "1;\"2\n3\"");
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
            (&99.into(), &"a;b".into())
        );
        assert_eq!(line["event_id"], object().source(7).event_id().as_str());
        assert_eq!(line["delimiter"], ";");
    }

    #[test]
    fn content_that_is_no_text_is_kept_as_base64() {
        let line = json(&parked(Some(&header(b"\xfe")), b"\xff\x00"));
        assert_eq!(
            (&line["content_base64"], &line["header_base64"]),
            (&"/wA=".into(), &"/g==".into())
        );
        assert_eq!(line.get("content"), None);
    }

    #[test]
    fn a_record_is_read_again_byte_by_byte_under_its_own_id() {
        for content in [b"{\"a\":1}".as_slice(), b"1,\"2\r\n3\"", b"\xff\x00", b""] {
            for header in [None, Some(header(b"a;b")), Some(header(b"\xfe"))] {
                let expected = Line::Record {
                    origin: Origin {
                        source: object().source(7),
                        offset: 99,
                        header: header.clone(),
                    },
                    content: content.to_vec(),
                    truncated: false,
                    backslash: false,
                };
                assert_eq!(read_line(&parked(header.as_ref(), content)), Some(expected));
            }
        }
    }

    #[test]
    fn a_line_is_recognised_by_its_schema() {
        let sorted = json(&parked(None, b"1,2")).to_string();
        assert_eq!(
            read_line(sorted.as_bytes()),
            read_line(&parked(None, b"1,2"))
        );
        for other in ["tt-parked/2", "tt-parked/10", "tt-parked"] {
            assert_eq!(read_line(sorted.replace(SCHEMA, other).as_bytes()), None);
        }
        assert_eq!(read_line(br#"{"record_id":"tt-parked/1"}"#), None);
    }

    #[test]
    fn a_range_is_read_as_a_part_of_the_file() {
        let first = Position {
            index: 3,
            offset: 40,
            ..Position::default()
        };
        let span = Span {
            first,
            end: 90,
            records: 5,
            failures: BTreeMap::from([("malformed", 4)]),
        };
        let mut line = Vec::new();
        write_span(&object(), &span, &mut line);
        assert_eq!(json(&line)["reason"], "4 of 5 records failed");
        let part = Upload {
            position: first,
            until: Some(8),
            ..Upload::new(object())
        };
        assert_eq!(read_line(&line), Some(Line::Part(Box::new(part))));
    }

    #[test]
    fn the_longest_line_is_within_its_bound() {
        const BYTES: usize = 300_000;
        for filling in [b'x', 0, b'"', b'\\', b'\n', 0x7f, 0xff, b'\t'] {
            let content = vec![filling; BYTES];
            let line = parked(Some(&header(&content)), &content);
            assert!(line.len() <= line_bytes(BYTES), "{filling}: {}", line.len());
        }
        let mixed: Vec<u8> = (0..BYTES)
            .map(|n| if n % 4 == 0 { b'"' } else { b'x' })
            .collect();
        assert!(parked(Some(&header(&mixed)), &mixed).len() <= line_bytes(BYTES));
    }

    fn document(payload: &Value) -> Vec<u8> {
        let document = json!({
            "event_id": "e", "sequence_number": "495", "code": "STRING_TOO_LONG", "message": "m",
            "fields": ["Subject"], "parked_at": "2026-01-01T00:00:00Z", "payload": payload,
        });
        document.to_string().into_bytes()
    }

    fn payload() -> Value {
        let source = Source::new("b", "incoming/a.csv", "v1", 7);
        let mut event = TtEvent::new(source, "then", "r", "c", "e");
        event.subject = Some(Json::from_text("s"));
        event
            .extra
            .insert("branch".to_owned(), Json::from_text("7"));
        serde_json::from_slice(&event.encode()).unwrap()
    }

    #[test]
    fn a_document_of_case_creation_is_read_as_the_record_that_its_event_was_made_of() {
        let Some(Line::Record {
            origin, content, ..
        }) = read_line(&document(&payload()))
        else {
            panic!("an event is parked");
        };
        assert_eq!(origin.source, Source::new("b", "incoming/a.csv", "v1", 7));
        let expected = json!({"record_id": "r", "customer_id": "c", "event_type": "e", "subject": "s", "branch": "7"});
        assert_eq!(serde_json::from_slice::<Value>(&content).unwrap(), expected);
    }

    #[test]
    fn a_document_without_an_event_or_with_another_id_is_not_read() {
        let mut other = payload();
        other["source"]["index"] = 8.into();
        for payload in [other, json!({"a": 1}), json!("text"), Value::Null] {
            assert_eq!(read_line(&document(&payload)), None, "{payload}");
        }
        assert_eq!(read_line(payload().to_string().as_bytes()), None);
    }
}
