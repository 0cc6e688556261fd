//! One record: a flat object with three required fields, read once and where it stands.

use std::fmt;

use tt_event::{Encoder, Fields};

use crate::found::Found;

/// The fields that every record has.
pub(crate) const REQUIRED: [&str; 3] = ["record_id", "customer_id", "event_type"];

/// A record with everything that an event needs. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    fields: Fields<'a>,
}

/// Why a stretch of a file is no record. The texts hold none of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// Bytes that are no text.
    #[error("not UTF-8")]
    NotUtf8,
    /// Text that is no JSON.
    #[error("invalid JSON at column {column}")]
    NotJson {
        /// Column, from 1.
        column: usize,
    },
    /// JSON that is no object.
    #[error("not a JSON object")]
    NotObject,
    /// A row with more or fewer fields than the header.
    #[error("row has {found} fields, the header has {expected}")]
    FieldCount {
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// A header that names no column for a required field.
    #[error("header has no column `{0}`")]
    Header(&'static str),
    /// A header that names a column twice.
    #[error("header names column {0} twice")]
    HeaderTwice(usize),
    /// A header that could not be read.
    #[error("header is unreadable")]
    HeaderUnreadable,
    /// A required field that is absent, null or empty.
    #[error("no value for `{0}`")]
    Missing(&'static str),
    /// A required field that is neither string nor number.
    #[error("`{0}` is neither a string nor a number")]
    Type(&'static str),
}

impl<'a> Record<'a> {
    /// Reads a record from a JSON object.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub(crate) fn from_json(text: &'a [u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(text).map_err(|_| Malformed::NotUtf8)?;
        if !text.trim_start().starts_with('{') {
            // Distinguishes a number or an array from a line that is cut or no JSON at all.
            return Err(match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => Malformed::NotObject,
                Err(error) => not_json(&error),
            });
        }
        let found: Found<'a> = serde_json::from_str(text).map_err(|error| not_json(&error))?;
        found.record()
    }

    /// A record of these fields.
    pub(crate) fn of(fields: Fields<'a>) -> Self {
        Self { fields }
    }

    /// Whom it is about.
    pub(crate) fn customer_id(&self) -> &str {
        &self.fields.customer_id
    }

    /// Appends the event of the record at `index` to `out`.
    pub(crate) fn encode(&self, encoder: &Encoder, index: u64, at: &str, out: &mut Vec<u8>) {
        encoder.encode(index, at, &self.fields, out);
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").finish_non_exhaustive()
    }
}

fn not_json(error: &serde_json::Error) -> Malformed {
    let column = error.column();
    Malformed::NotJson { column }
}

#[cfg(test)]
mod tests {
    use tt_event::TtEvent;

    use super::*;

    fn event(text: &str) -> TtEvent {
        let record = Record::from_json(text.as_bytes()).unwrap();
        let mut written = Vec::new();
        record.encode(&Encoder::new("b", "k", "v"), 0, "now", &mut written);
        TtEvent::decode(&written).unwrap()
    }

    fn malformed(text: &str) -> Malformed {
        Record::from_json(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn every_field_finds_its_place_in_the_event() {
        let event = event(
            r#"{"record_id":"r","customer_id":"c","event_type":"e","risk_rating":"HIGH",
                "occurred_at":"2025-01-01","subject":"s","details":{"a":[1]},"branch":7}"#,
        );
        assert_eq!(
            (&*event.record_id, &*event.customer_id, &*event.event_type),
            ("r", "c", "e")
        );
        assert_eq!(event.text("risk_rating").unwrap(), "HIGH");
        assert_eq!(event.text("occurred_at").unwrap(), "2025-01-01");
        assert_eq!(event.text("subject").unwrap(), "s");
        assert_eq!(event.details.unwrap().as_json(), r#"{"a":[1]}"#);
        assert_eq!(event.extra["branch"].as_json(), "7");
        assert_eq!(event.extra.len(), 1);
    }

    #[test]
    fn numbers_serve_as_ids_digit_by_digit() {
        let id = "900719925474099301";
        let event = event(&format!(
            r#"{{"record_id":{id},"customer_id":-1,"event_type":"e"}}"#
        ));
        assert_eq!((&*event.record_id, &*event.customer_id), (id, "-1"));
    }

    #[test]
    fn null_and_empty_optional_values_are_absent() {
        let event = event(
            r#"{"record_id":"r","customer_id":"c","event_type":"e","subject":null,"details":""}"#,
        );
        assert_eq!((event.subject, event.details), (None, None));
    }

    #[test]
    fn of_a_name_that_comes_twice_the_last_value_counts() {
        let event = event(
            r#"{"z":1,"record_id":"no","customer_id":"c","a":2,"event_type":"e","record_id":"r",
                "z":3,"subject":"s","z":"last","subject":null,"\u0061":4}"#,
        );
        assert_eq!((&*event.record_id, &event.subject), ("r", &None));
        let extra = event
            .extra
            .iter()
            .map(|(name, value)| (&**name, value.as_json()));
        assert!(extra.eq([("a", "4"), ("z", "\"last\"")]));
    }

    #[test]
    fn escapes_in_a_required_field_are_text() {
        let event = event(r#"{"record_id":"a\"\u00e9\\","customer_id":"c","event_type":"e"}"#);
        assert_eq!(event.record_id, "a\"\u{e9}\\");
    }

    #[test]
    fn a_required_field_must_be_a_string_or_number_with_content() {
        let missing = Malformed::Missing("customer_id");
        assert_eq!(malformed(r#"{"record_id":"r","event_type":"e"}"#), missing);
        for value in ["null", r#""""#, r#"" ""#] {
            let text = format!(r#"{{"record_id":"r","customer_id":{value},"event_type":"e"}}"#);
            assert_eq!(malformed(&text), missing, "{value}");
        }
        for value in ["true", "{}", "[]"] {
            let text = format!(r#"{{"record_id":"r","customer_id":{value},"event_type":"e"}}"#);
            assert_eq!(malformed(&text), Malformed::Type("customer_id"), "{value}");
        }
    }

    #[test]
    fn what_is_no_object_is_malformed() {
        assert_eq!(malformed("[1]"), Malformed::NotObject);
        assert_eq!(malformed("12"), Malformed::NotObject);
        assert!(matches!(malformed("hello"), Malformed::NotJson { .. }));
        assert!(matches!(
            malformed(r#"{"record_id":"#),
            Malformed::NotJson { .. }
        ));
        assert!(matches!(malformed("{} {}"), Malformed::NotJson { .. }));
        assert_eq!(
            Record::from_json(b"{\"a\":\"\xff\"}"),
            Err(Malformed::NotUtf8)
        );
    }

    #[test]
    fn a_lone_surrogate_in_a_required_field_is_malformed() {
        let text = r#"{"record_id":"\ud800","customer_id":"c","event_type":"e"}"#;
        assert_eq!(malformed(text), Malformed::NotUtf8);
    }

    #[test]
    fn errors_and_debug_hold_no_content() {
        let error = malformed(r#"{"record_id":"secret" oops"#);
        assert!(!format!("{error} {error:?}").contains("secret"));
        let text = br#"{"record_id":"secret","customer_id":"c","event_type":"e"}"#;
        assert!(!format!("{:?}", Record::from_json(text)).contains("secret"));
    }
}
