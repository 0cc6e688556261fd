//! Collects the fields of a record, in any order.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use tt_event::{Fields, Value};

use super::malformed::Malformed;
use crate::split::{Field, REQUIRED};

/// The fields of a record that were found so far. Of fields with the same name the last one is kept.
#[derive(Default)]
pub(super) struct Found<'a> {
    record_id: Option<Value<'a>>,
    customer_id: Option<Value<'a>>,
    event_type: Option<Value<'a>>,
    risk_rating: Option<Value<'a>>,
    occurred_at: Option<Value<'a>>,
    subject: Option<Value<'a>>,
    details: Option<Value<'a>>,
    extra: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Found<'a> {
    /// Takes the value of a field that an event has a place for.
    pub(super) fn put(&mut self, field: Field, value: Value<'a>) {
        let place = match field {
            Field::RecordId => &mut self.record_id,
            Field::CustomerId => &mut self.customer_id,
            Field::EventType => &mut self.event_type,
            Field::RiskRating => &mut self.risk_rating,
            Field::OccurredAt => &mut self.occurred_at,
            Field::Subject => &mut self.subject,
            Field::Details => &mut self.details,
        };
        *place = Some(value);
    }

    /// Takes the value of any other field.
    pub(super) fn put_extra(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        self.extra.push((name, value));
    }

    /// The fields of the record.
    ///
    /// # Errors
    ///
    /// When a required field is missing or of the wrong type.
    pub(super) fn fields(mut self) -> Result<Fields<'a>, Malformed> {
        let [record_id, customer_id, event_type] = REQUIRED;
        let mut fields = Fields::new(
            required(self.record_id, record_id)?,
            required(self.customer_id, customer_id)?,
            required(self.event_type, event_type)?,
        );
        fields.risk_rating = self.risk_rating.filter(is_present);
        fields.occurred_at = self.occurred_at.filter(is_present);
        fields.subject = self.subject.filter(is_present);
        fields.details = self.details.filter(is_present);
        // The sort keeps the order of equal names.
        self.extra.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.extra.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        fields.extra = self.extra;
        Ok(fields)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Found<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Found<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<'de>, A::Error> {
                let mut found = Found::default();
                while let Some(Text(name)) = map.next_key()? {
                    let value = Value::Json(map.next_value::<&RawValue>()?.get());
                    match Field::named(&name) {
                        Some(field) => found.put(field, value),
                        None => found.put_extra(name, value),
                    }
                }
                Ok(found)
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A string that borrows from its JSON when that contains no escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn required<'a>(value: Option<Value<'a>>, name: &'static str) -> Result<Cow<'a, str>, Malformed> {
    let text = match value {
        None | Some(Value::Json("null")) => return Err(Malformed::Missing(name)),
        Some(Value::Text(text)) => text,
        Some(Value::Json(json)) => match json.as_bytes().first() {
            Some(b'"') => unquoted(json)?,
            Some(b'-' | b'0'..=b'9') => json.into(),
            _ => return Err(Malformed::Type(name)),
        },
    };
    if text.trim().is_empty() {
        Err(Malformed::Missing(name))
    } else {
        Ok(text)
    }
}

/// The text of a JSON string.
fn unquoted(json: &str) -> Result<Cow<'_, str>, Malformed> {
    let inside = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inside {
        Some(inside) if memchr::memchr(b'\\', inside.as_bytes()).is_none() => Ok(inside.into()),
        _ => serde_json::from_str(json)
            .map(Cow::Owned)
            .map_err(|_| Malformed::Escape),
    }
}

/// Whether an optional field has a value.
fn is_present(value: &Value<'_>) -> bool {
    match value {
        Value::Json(json) => !matches!(*json, "null" | "\"\""),
        Value::Text(text) => !text.is_empty(),
    }
}
