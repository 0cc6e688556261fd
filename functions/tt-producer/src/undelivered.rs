//! Events that Case Creation has parked, read back as the records they were made of.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::value::RawValue;
use tt_event::{Json, Source, TtEvent};

/// What such a document holds beside the event, and stands before it.
const MARK: &str = "\"parked_at\"";

/// A document as Case Creation writes it, without what only people read.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(rename = "parked_at")]
    _parked_at: &'a RawValue,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// Whether this may be such a document, or the beginning of one.
pub(crate) fn is_likely(line: &[u8]) -> bool {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(MARK));
    FINDER.find(line).is_some()
}

/// Reads a document: where the record stood that the event was made of, and that record as JSON.
///
/// `None` when it is none, or when its event would get another id than it had.
pub(crate) fn read(line: &[u8]) -> Option<(Source, Vec<u8>)> {
    if !is_likely(line) {
        return None;
    }
    let document: Document<'_> = serde_json::from_slice(line).ok()?;
    let event = TtEvent::decode(document.payload.get().as_bytes()).ok()?;
    if event.event_id != event.source.event_id() {
        return None;
    }
    let record = serde_json::to_vec(&fields(&event)).ok()?;
    Some((event.source, record))
}

/// The fields of the record, with the names they had in its file.
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

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
    fn an_event_is_read_as_the_record_it_was_made_of() {
        let (source, record) = read(&document(&payload())).unwrap();
        assert_eq!(source, Source::new("b", "incoming/a.csv", "v1", 7));
        let expected = json!({"record_id": "r", "customer_id": "c", "event_type": "e", "subject": "s", "branch": "7"});
        assert_eq!(serde_json::from_slice::<Value>(&record).unwrap(), expected);
    }

    #[test]
    fn what_holds_no_event_or_another_id_is_an_ordinary_record() {
        let mut other = payload();
        other["source"]["index"] = 8.into();
        for payload in [other, json!({"a": 1}), json!("text"), Value::Null] {
            assert_eq!(read(&document(&payload)), None, "{payload}");
        }
        assert_eq!(read(payload().to_string().as_bytes()), None);
        assert_eq!(read(br#"{"record_id":"\"parked_at\"","payload":1}"#), None);
    }
}
