//! Encodes the events of one upload from borrowed fields.

use std::{borrow::Cow, fmt};

use crate::{SCHEMA, Source, source::Ids};

/// Writes the events of one upload, byte by byte as [`TtEvent::encode`](crate::TtEvent::encode) does.
///
/// The common parts are escaped and hashed once, and no [`TtEvent`](crate::TtEvent) is created for each event.
///
/// ```
/// use tt_event::{Encoder, Fields, Source, TtEvent};
///
/// let encoder = Encoder::new("bucket", "incoming/a.csv", "v1");
/// let fields = Fields::new("r-1", "c-1", "address_change");
/// let mut text = Vec::new();
/// encoder.encode(7, "2025-01-01T00:00:00Z", &fields, &mut text);
/// assert_eq!(TtEvent::decode(&text)?.source, Source::new("bucket", "incoming/a.csv", "v1", 7));
/// # Ok::<(), tt_event::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Encoder {
    ids: Ids,
    /// The text between event id and index.
    source: Vec<u8>,
}

/// The fields of one record. `Debug` shows nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Fields<'a> {
    /// The record's own id; not empty.
    pub record_id: Cow<'a, str>,
    /// The customer that the event is about; not empty, and the partition key.
    pub customer_id: Cow<'a, str>,
    /// What happened; not empty.
    pub event_type: Cow<'a, str>,
    /// Risk rating, when the record has one.
    pub risk_rating: Option<Value<'a>>,
    /// When it happened, as in the record.
    pub occurred_at: Option<Value<'a>>,
    /// One line about it.
    pub subject: Option<Value<'a>>,
    /// More about it.
    pub details: Option<Value<'a>>,
    /// Every other field of the record, sorted by name, each name once.
    pub extra: Vec<(Cow<'a, str>, Value<'a>)>,
}

/// The value of a field. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// One whole JSON value, written as it is.
    Json(&'a str),
    /// Text, which becomes a JSON string.
    Text(Cow<'a, str>),
}

impl Encoder {
    /// An encoder for the records of one version of an object.
    pub fn new(bucket: &str, key: &str, version: &str) -> Self {
        let mut source = br#"","source":{"bucket":"#.to_vec();
        put_text(&mut source, bucket);
        source.extend_from_slice(br#","key":"#);
        put_text(&mut source, key);
        source.extend_from_slice(br#","version":"#);
        put_text(&mut source, version);
        source.extend_from_slice(br#","index":"#);
        let ids = Ids::new(bucket, key, version);
        Self { ids, source }
    }

    /// An encoder for the upload that `source` is a place of.
    pub fn of(source: &Source) -> Self {
        Self::new(&source.bucket, &source.key, &source.version)
    }

    /// Appends the event of the record at `index` to `out`.
    pub fn encode(&self, index: u64, produced_at: &str, fields: &Fields<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"schema":""#);
        out.extend_from_slice(SCHEMA.as_bytes());
        out.extend_from_slice(br#"","event_id":""#);
        out.extend_from_slice(&self.ids.at(index));
        out.extend_from_slice(&self.source);
        out.extend_from_slice(itoa::Buffer::new().format(index).as_bytes());
        out.extend_from_slice(br#"},"produced_at":"#);
        put_text(out, produced_at);
        out.extend_from_slice(br#","record_id":"#);
        put_text(out, &fields.record_id);
        out.extend_from_slice(br#","customer_id":"#);
        put_text(out, &fields.customer_id);
        out.extend_from_slice(br#","event_type":"#);
        put_text(out, &fields.event_type);
        put_optional(out, br#","risk_rating":"#, fields.risk_rating.as_ref());
        put_optional(out, br#","occurred_at":"#, fields.occurred_at.as_ref());
        put_optional(out, br#","subject":"#, fields.subject.as_ref());
        put_optional(out, br#","details":"#, fields.details.as_ref());
        for (number, (name, value)) in fields.extra.iter().enumerate() {
            let opening: &[u8] = if number == 0 { br#","extra":{"# } else { b"," };
            out.extend_from_slice(opening);
            put_text(out, name);
            out.push(b':');
            value.put(out);
        }
        let closing: &[u8] = if fields.extra.is_empty() { b"}" } else { b"}}" };
        out.extend_from_slice(closing);
    }
}

impl<'a> Fields<'a> {
    /// A record of the required fields alone.
    pub fn new(
        record_id: impl Into<Cow<'a, str>>,
        customer_id: impl Into<Cow<'a, str>>,
        event_type: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            record_id: record_id.into(),
            customer_id: customer_id.into(),
            event_type: event_type.into(),
            risk_rating: None,
            occurred_at: None,
            subject: None,
            details: None,
            extra: Vec::new(),
        }
    }
}

impl Value<'_> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Json(json) => out.extend_from_slice(json.as_bytes()),
            Self::Text(text) => put_text(out, text),
        }
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").finish_non_exhaustive()
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").finish_non_exhaustive()
    }
}

fn put_optional(out: &mut Vec<u8>, name: &[u8], value: Option<&Value<'_>>) {
    if let Some(value) = value {
        out.extend_from_slice(name);
        value.put(out);
    }
}

/// Appends a JSON string.
fn put_text(out: &mut Vec<u8>, text: &str) {
    if must_escape(text.as_bytes()) {
        #[expect(clippy::expect_used, reason = "a string always serializes")]
        serde_json::to_writer(out, text).expect("text is JSON");
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Whether JSON writes any of these bytes as an escape. It looks at all of them, many at a time.
fn must_escape(text: &[u8]) -> bool {
    let escaped =
        |byte: &u8| u8::from(*byte < b' ') | u8::from(*byte == b'"') | u8::from(*byte == b'\\');
    text.iter().fold(0, |any, byte| any | escaped(byte)) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Json, TtEvent};

    const STRANGE: &str = "a\"b\\c\n\u{0}\u{1f} \u{7f}\u{e9}\u{2028}/";

    fn json(value: &Value<'_>) -> Json {
        match value {
            Value::Json(json) => serde_json::from_str(json).unwrap(),
            Value::Text(text) => Json::from_text(text),
        }
    }

    fn assert_same(source: Source, fields: &Fields<'_>) {
        let mut written = b"before".to_vec();
        Encoder::of(&source).encode(source.index, "now", fields, &mut written);
        let [record, customer, kind] =
            [&fields.record_id, &fields.customer_id, &fields.event_type].map(|text| &**text);
        let mut event = TtEvent::new(source, "now", record, customer, kind);
        event.risk_rating = fields.risk_rating.as_ref().map(json);
        event.occurred_at = fields.occurred_at.as_ref().map(json);
        event.subject = fields.subject.as_ref().map(json);
        event.details = fields.details.as_ref().map(json);
        let extra = fields.extra.iter();
        event.extra = extra
            .map(|(name, value)| (name.to_string(), json(value)))
            .collect();
        let expected = [b"before".to_vec(), event.encode()].concat();
        assert_eq!(String::from_utf8(written), String::from_utf8(expected));
    }

    #[test]
    fn an_event_is_written_byte_by_byte_as_serde_writes_it() {
        let source = Source::new("bucket", "incoming/a.csv", "v1", 0);
        assert_same(source.clone(), &Fields::new("r", "c", "e"));
        let strange = Source::new(STRANGE, STRANGE, STRANGE, u64::MAX);
        let mut fields = Fields::new(STRANGE, STRANGE, STRANGE);
        fields.occurred_at = Some(Value::Json("12345678901234567890.10"));
        fields.details = Some(Value::Text(STRANGE.into()));
        assert_same(strange.clone(), &fields);
        fields.risk_rating = Some(Value::Json(r#"{"a": [1, null]}"#));
        fields.subject = Some(Value::Json(r#""\u00e9""#));
        fields.extra = vec![("a".into(), Value::Json("null"))];
        assert_same(source, &fields);
        fields.extra.push((STRANGE.into(), Value::Text("".into())));
        assert_same(strange, &fields);
    }

    #[test]
    fn every_byte_that_json_escapes_is_found_at_any_position() {
        for byte in 0..128_u8 {
            let character = char::from(byte);
            let escaped = serde_json::to_string(&character).unwrap().len() > 3;
            for length in [0, 1, 7, 40] {
                let text = format!(
                    "{}{character}{}",
                    "x".repeat(length),
                    "y".repeat(40 - length)
                );
                assert_eq!(
                    must_escape(text.as_bytes()),
                    escaped,
                    "{character:?} behind {length}"
                );
            }
        }
    }

    #[test]
    fn debug_shows_no_content() {
        let mut fields = Fields::new("secret", "secret", "secret");
        fields.subject = Some(Value::Text("secret".into()));
        assert!(!format!("{fields:?} {:?}", fields.subject).contains("secret"));
    }
}
