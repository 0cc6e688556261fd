//! The event with its fields borrowed from the bytes it was decoded from.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::json;

/// A [`TtEvent`](crate::TtEvent) that borrows from the bytes it was decoded from. It costs less for a consumer that reads
/// only a few fields.
///
/// It accepts and rejects the same bytes. `Debug` shows the event id only, never the record body.
///
/// ```
/// use tt_event::{EventView, Source, TtEvent};
///
/// let source = Source::new("bucket", "incoming/a.csv", "v1", 0);
/// let bytes = TtEvent::new(source, "2025-01-01T00:00:00Z", "r-1", "c-1", "address_change").encode();
/// let event = EventView::decode(&bytes)?;
/// assert_eq!(event.text("customer_id").as_deref(), Some("c-1"));
/// # Ok::<(), tt_event::DecodeError>(())
/// ```
#[derive(Clone, Deserialize)]
pub struct EventView<'a> {
    #[serde(borrow)]
    pub(super) schema: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) event_id: Cow<'a, str>,
    #[serde(borrow, rename = "source")]
    pub(super) _source: SourceView<'a>,
    #[serde(borrow)]
    pub(super) produced_at: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) record_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) customer_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) event_type: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) risk_rating: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) occurred_at: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) subject: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) details: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) extra: Extra<'a>,
}

/// Decoded for its check only.
#[derive(Clone, Deserialize)]
pub(super) struct SourceView<'a> {
    #[serde(borrow, rename = "bucket")]
    pub(super) _bucket: Cow<'a, str>,
    #[serde(borrow, rename = "key")]
    pub(super) _key: Cow<'a, str>,
    #[serde(borrow, rename = "version")]
    pub(super) _version: Cow<'a, str>,
    #[serde(rename = "index")]
    pub(super) _index: u64,
}

/// The object of all other fields, which is parsed only when one of them is read.
#[derive(Clone, Default)]
pub(super) struct Extra<'a>(pub(super) Option<&'a RawValue>);

/// Finds a field of an object.
struct Find<'n>(&'n str);

/// Whether a key is this one.
struct Is<'n>(&'n str);

impl EventView<'_> {
    /// The deterministic id of the event.
    pub fn event_id(&self) -> &str {
        &self.event_id
    }

    /// The text of a field by its name, as in [`TtEvent::text`](crate::TtEvent::text).
    pub fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        let value = match field {
            "event_id" => return Some(Cow::Borrowed(&self.event_id)),
            "produced_at" => return Some(Cow::Borrowed(&self.produced_at)),
            "record_id" => return Some(Cow::Borrowed(&self.record_id)),
            "customer_id" => return Some(Cow::Borrowed(&self.customer_id)),
            "event_type" => return Some(Cow::Borrowed(&self.event_type)),
            "risk_rating" => self.risk_rating,
            "occurred_at" => self.occurred_at,
            "subject" => self.subject,
            "details" => self.details,
            other => self.extra.get(other),
        };
        value.and_then(|value| json::text(value.get()))
    }
}

impl fmt::Debug for EventView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventView")
            .field("event_id", &self.event_id)
            .finish_non_exhaustive()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Extra<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('{') {
            Ok(Self(Some(raw)))
        } else {
            Err(D::Error::custom("`extra` is no object"))
        }
    }
}

impl<'a> Extra<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        let mut object = serde_json::Deserializer::from_str(self.0?.get());
        object.deserialize_map(Find(name)).ok()?
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// The last of several fields with the same name is used.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(Is(self.0))? {
            if is_it {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}
