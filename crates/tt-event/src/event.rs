//! The event itself and its encoding.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{DecodeError, EventId, Json, Source};

/// The schema that [`TtEvent::encode`] writes. Readers accept every minor version of major 1.
pub const SCHEMA: &str = "tt-event/1";

const SCHEMA_NAME: &str = "tt-event/";
const MAJOR: u64 = 1;

/// One business event: one record of an uploaded file.
///
/// It is encoded as one JSON object. Fields of the record without a meaning for TT are encoded under `extra`, so that a
/// column named `source` or `schema` cannot collide with the envelope.
///
/// `Debug` shows the envelope only, never the record body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TtEvent {
    schema: Cow<'static, str>,
    /// Deterministic id of the event, the same for every retry and replay.
    pub event_id: EventId,
    /// The place of the record in its file.
    pub source: Source,
    /// When the producer made the event, RFC 3339.
    pub produced_at: String,
    /// The record's own id; not empty.
    pub record_id: String,
    /// The customer that the event is about; not empty, and the partition key.
    pub customer_id: String,
    /// What happened; not empty.
    pub event_type: String,
    /// Risk rating, when the record has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_rating: Option<Json>,
    /// When it happened, as in the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Json>,
    /// One line about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Json>,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Json>,
    /// Every other field of the record, with its JSON type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Json>,
}

impl TtEvent {
    /// Makes an event with the required fields; its id follows from `source`.
    pub fn new(
        source: Source,
        produced_at: impl Into<String>,
        record_id: impl Into<String>,
        customer_id: impl Into<String>,
        event_type: impl Into<String>,
    ) -> Self {
        Self {
            schema: Cow::Borrowed(SCHEMA),
            event_id: source.event_id(),
            source,
            produced_at: produced_at.into(),
            record_id: record_id.into(),
            customer_id: customer_id.into(),
            event_type: event_type.into(),
            risk_rating: None,
            occurred_at: None,
            subject: None,
            details: None,
            extra: BTreeMap::new(),
        }
    }

    /// Writes the event as JSON.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "strings, numbers and string-keyed maps always serialize"
    )]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an event is JSON")
    }

    /// Reads an event.
    ///
    /// # Errors
    ///
    /// When the bytes are no event. The error contains a position and no content.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        read(bytes, |event: &Self| &event.schema)
    }

    /// The schema the event was written with.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The text of a field by its name, envelope ids included; `None` when it is absent or `null`.
    ///
    /// Strings come without quotes, nested values as JSON.
    pub fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        let value = match field {
            "event_id" => return Some(self.event_id.as_str().into()),
            "produced_at" => return Some(self.produced_at.as_str().into()),
            "record_id" => return Some(self.record_id.as_str().into()),
            "customer_id" => return Some(self.customer_id.as_str().into()),
            "event_type" => return Some(self.event_type.as_str().into()),
            "risk_rating" => self.risk_rating.as_ref(),
            "occurred_at" => self.occurred_at.as_ref(),
            "subject" => self.subject.as_ref(),
            "details" => self.details.as_ref(),
            other => self.extra.get(other),
        };
        value.and_then(Json::text)
    }
}

impl fmt::Debug for TtEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TtEvent")
            .field("schema", &self.schema)
            .field("event_id", &self.event_id)
            .field("source", &self.source)
            .field("produced_at", &self.produced_at)
            .finish_non_exhaustive()
    }
}

/// The part of an event that is read when the whole of it is malformed.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    schema: Option<Cow<'a, str>>,
}

/// Reads an event in one of its forms, and checks its schema.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    schema: impl Fn(&T) -> &str,
) -> Result<T, DecodeError> {
    // UTF-8 is checked once here instead of string by string.
    let read = match str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str::<T>(text),
        Err(_) => serde_json::from_slice::<T>(bytes),
    };
    match read {
        Ok(event) => check_schema(schema(&event)).map(|()| event),
        Err(error) => {
            // An event of another version fails on its fields first, but its version is the better error.
            if error.is_data() {
                let head: Head<'_> = serde_json::from_slice(bytes)?;
                check_schema(&head.schema.unwrap_or_default())?;
            }
            Err(error.into())
        }
    }
}

pub(crate) fn check_schema(schema: &str) -> Result<(), DecodeError> {
    let version = schema
        .strip_prefix(SCHEMA_NAME)
        .ok_or(DecodeError::NoSchema)?;
    let major = version.split('.').next().unwrap_or_default();
    match major.parse::<u64>().map_err(|_| DecodeError::NoSchema)? {
        MAJOR => Ok(()),
        major => Err(DecodeError::UnknownMajor { major }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> TtEvent {
        let source = Source::new("bucket", "incoming/a.csv", "v1", 3);
        let mut event = TtEvent::new(source, "2025-01-01T00:00:00Z", "r-1", "c-1", "kyc_review");
        event.risk_rating = Some(Json::from_text("HIGH"));
        event.details = serde_json::from_str(r#"{"street":"Main"}"#).unwrap();
        event
            .extra
            .insert("balance".to_owned(), serde_json::from_str("1.10").unwrap());
        event
            .extra
            .insert("source".to_owned(), Json::from_text("branch"));
        event
            .extra
            .insert("closed".to_owned(), serde_json::from_str("null").unwrap());
        event
    }

    #[test]
    fn decoding_gives_back_what_was_encoded() {
        assert_eq!(TtEvent::decode(&event().encode()).unwrap(), event());
    }

    #[test]
    fn extra_fields_keep_their_json_type_and_digits() {
        let read = TtEvent::decode(&event().encode()).unwrap();
        assert_eq!(read.extra["balance"].as_json(), "1.10");
        assert!(read.extra["closed"].is_null());
    }

    #[test]
    fn a_record_field_named_source_does_not_touch_the_envelope() {
        let read = TtEvent::decode(&event().encode()).unwrap();
        assert_eq!(read.source.bucket, "bucket");
        assert_eq!(read.text("source").unwrap(), "branch");
    }

    #[test]
    fn text_reads_every_kind_of_field() {
        let event = event();
        assert_eq!(event.text("customer_id").unwrap(), "c-1");
        assert_eq!(event.text("risk_rating").unwrap(), "HIGH");
        assert_eq!(event.text("details").unwrap(), r#"{"street":"Main"}"#);
        assert_eq!(event.text("balance").unwrap(), "1.10");
        assert_eq!(event.text("subject"), None);
        assert_eq!(event.text("closed"), None);
    }

    #[test]
    fn a_later_minor_version_with_unknown_fields_is_read() {
        let text = String::from_utf8(event().encode()).unwrap();
        let later = text
            .replacen("tt-event/1", "tt-event/1.4", 1)
            .replacen('{', r#"{"new":1,"#, 1);
        assert_eq!(
            TtEvent::decode(later.as_bytes()).unwrap().event_id,
            event().event_id
        );
    }

    #[test]
    fn an_unknown_major_version_is_refused_even_when_its_fields_differ() {
        let text = String::from_utf8(event().encode()).unwrap();
        let next = text.replacen("tt-event/1", "tt-event/2", 1);
        let unknown = Err(DecodeError::UnknownMajor { major: 2 });
        assert_eq!(TtEvent::decode(next.as_bytes()), unknown);
        assert_eq!(
            TtEvent::decode(br#"{"schema":"tt-event/2","id":1}"#),
            unknown
        );
    }

    #[test]
    fn json_without_the_schema_is_refused() {
        assert_eq!(TtEvent::decode(b"{}"), Err(DecodeError::NoSchema));
        assert_eq!(
            TtEvent::decode(br#"{"schema":"other/1"}"#),
            Err(DecodeError::NoSchema)
        );
        assert!(matches!(
            TtEvent::decode(b"3"),
            Err(DecodeError::Fields { .. })
        ));
        assert!(matches!(
            TtEvent::decode(b"\xff"),
            Err(DecodeError::Json { .. })
        ));
    }

    #[test]
    fn neither_debug_nor_errors_show_the_body() {
        assert!(!format!("{:?}", event()).contains("HIGH"));
        let text = String::from_utf8(event().encode()).unwrap();
        let broken = text.replacen(r#""customer_id":"c-1""#, r#""customer_id":["secret"]"#, 1);
        let error = TtEvent::decode(broken.as_bytes()).unwrap_err();
        assert!(matches!(error, DecodeError::Fields { .. }));
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
