//! One record: a flat object with three required fields, read once.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use tt_event::{Json, Source, TtEvent};

/// The fields that every record has.
pub(crate) const REQUIRED: [&str; 3] = ["record_id", "customer_id", "event_type"];

/// A record with everything that an event needs. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_field_names,
    reason = "the fields have the names of the format"
)]
pub(crate) struct Record {
    record_id: String,
    customer_id: String,
    event_type: String,
    risk_rating: Option<Json>,
    occurred_at: Option<Json>,
    subject: Option<Json>,
    details: Option<Json>,
    extra: BTreeMap<String, Json>,
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

impl Record {
    /// Reads a record from a JSON object.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub(crate) fn from_json(text: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(text).map_err(|_| Malformed::NotUtf8)?;
        if !text.trim_start().starts_with('{') {
            // Distinguishes a number or an array from a line that is cut or no JSON at all.
            return Err(match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => Malformed::NotObject,
                Err(error) => Malformed::NotJson {
                    column: error.column(),
                },
            });
        }
        let fields: Fields = serde_json::from_str(text).map_err(|error| Malformed::NotJson {
            column: error.column(),
        })?;
        Self::from_fields(fields.0)
    }

    /// Reads a record from its fields.
    ///
    /// # Errors
    ///
    /// Says which required field is missing or of the wrong type.
    pub(crate) fn from_fields(mut fields: BTreeMap<String, Json>) -> Result<Self, Malformed> {
        let [record_id, customer_id, event_type] = REQUIRED;
        let record_id = required(&mut fields, record_id)?;
        let customer_id = required(&mut fields, customer_id)?;
        let event_type = required(&mut fields, event_type)?;
        Ok(Self {
            record_id,
            customer_id,
            event_type,
            risk_rating: optional(&mut fields, "risk_rating"),
            occurred_at: optional(&mut fields, "occurred_at"),
            subject: optional(&mut fields, "subject"),
            details: optional(&mut fields, "details"),
            extra: fields,
        })
    }

    /// Whom it is about.
    pub(crate) fn customer_id(&self) -> &str {
        &self.customer_id
    }

    /// Makes the event of the record at `source`.
    pub(crate) fn into_event(self, source: Source, produced_at: &str) -> TtEvent {
        let (record_id, customer_id) = (self.record_id, self.customer_id);
        let mut event = TtEvent::new(source, produced_at, record_id, customer_id, self.event_type);
        event.risk_rating = self.risk_rating;
        event.occurred_at = self.occurred_at;
        event.subject = self.subject;
        event.details = self.details;
        event.extra = self.extra;
        event
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").finish_non_exhaustive()
    }
}

/// The fields of an object; of a name that comes twice the last value counts.
struct Fields(BTreeMap<String, Json>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry()? {
                    fields.insert(name, value);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

fn required(fields: &mut BTreeMap<String, Json>, name: &'static str) -> Result<String, Malformed> {
    let value = fields.remove(name).filter(|value| !value.is_null());
    let value = value.ok_or(Malformed::Missing(name))?;
    if !value.is_string() && !value.is_number() {
        return Err(Malformed::Type(name));
    }
    let text = value.text().map(Cow::into_owned);
    // A lone surrogate escape is JSON, but no text.
    let text = text.ok_or(Malformed::NotUtf8)?;
    if text.trim().is_empty() {
        Err(Malformed::Missing(name))
    } else {
        Ok(text)
    }
}

fn optional(fields: &mut BTreeMap<String, Json>, name: &str) -> Option<Json> {
    fields
        .remove(name)
        .filter(|value| !value.is_null() && value.as_json() != "\"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> TtEvent {
        let record = Record::from_json(text.as_bytes()).unwrap();
        record.into_event(Source::new("b", "k", "v", 0), "now")
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
