//! One record: a flat object with three required fields, borrowed from the text it was parsed from.

use std::fmt;

use tt_event::{Encoder, Fields};

use super::{fields::Found, malformed::Malformed};

/// A record with everything that an event needs. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Record<'a> {
    fields: Fields<'a>,
}

impl<'a> Record<'a> {
    /// Reads a record from a JSON object.
    ///
    /// # Errors
    ///
    /// When it is no record.
    pub fn from_json(text: &'a [u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(text).map_err(|error| {
            let at = error.valid_up_to();
            Malformed::NotUtf8 { at }
        })?;
        if !text.trim_start().starts_with('{') {
            // Distinguishes a number or an array from a line that is cut or no JSON at all.
            return Err(match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => Malformed::NotObject,
                Err(error) => not_json(&error),
            });
        }
        let found: Found<'a> = serde_json::from_str(text).map_err(|error| not_json(&error))?;
        Ok(Self::of(found.fields()?))
    }

    /// A record of these fields.
    pub(super) fn of(fields: Fields<'a>) -> Self {
        Self { fields }
    }

    /// The customer that it is about: the partition key.
    pub fn customer_id(&self) -> &str {
        &self.fields.customer_id
    }

    /// Appends the event of the record at `index` to `out`.
    pub fn encode(&self, encoder: &Encoder, index: u64, at: &str, out: &mut Vec<u8>) {
        encoder.encode(index, at, &self.fields, out);
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").finish_non_exhaustive()
    }
}

fn not_json(error: &serde_json::Error) -> Malformed {
    let (line, column) = (error.line(), error.column());
    Malformed::NotJson { line, column }
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
    fn every_field_is_in_the_event() {
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
    fn the_last_of_fields_with_the_same_name_is_kept() {
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
    fn anything_but_an_object_is_malformed() {
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
            Err(Malformed::NotUtf8 { at: 6 })
        );
    }

    #[test]
    fn a_lone_surrogate_in_a_required_field_is_malformed() {
        let text = r#"{"record_id":"\ud800","customer_id":"c","event_type":"e"}"#;
        assert_eq!(malformed(text), Malformed::Escape);
    }

    #[test]
    fn errors_and_debug_hold_no_content() {
        let error = malformed(r#"{"record_id":"secret" oops"#);
        assert!(!format!("{error} {error:?}").contains("secret"));
        let text = br#"{"record_id":"secret","customer_id":"c","event_type":"e"}"#;
        assert!(!format!("{:?}", Record::from_json(text)).contains("secret"));
    }
}
