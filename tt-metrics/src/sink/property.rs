//! Properties: fields of a document beside its metrics, for Logs Insights and not for CloudWatch.

use std::{borrow::Cow, sync::Mutex};

use crate::count::sync::lock;

/// The greatest number of properties of one invocation.
const MAX_PROPERTIES: usize = 64;
/// The most bytes that the properties take of a document, whose limit is 256 KB.
const MAX_DOCUMENT_BYTES: usize = 16 * 1024;

static CURRENT: Mutex<Properties> = Mutex::new(Properties(Vec::new()));

/// Adds a field to the documents of the invocation that runs.
///
/// Documents in the embedded metric format contain it beside their metrics, so that Logs Insights can find it. Use it for
/// ids: as a dimension, each id would be a billed metric. `PutMetricData` requests do not contain properties. A property
/// of the same name is replaced, and the flush after the invocation discards all of them. Documents of concurrent
/// invocations contain neither an invocation nor properties.
///
/// Returns whether the property is kept. It is not kept if it is a number without a form in JSON, or beyond 64 properties
/// or 16 KB. It is left out of documents that contain a metric or a dimension of the same name.
///
/// ```
/// tt_metrics::property("tenant", "t-42");
/// tt_metrics::property("file_bytes", 1234_u32);
/// ```
pub fn property(name: impl Into<Cow<'static, str>>, value: impl Into<PropertyValue>) -> bool {
    lock(&CURRENT).set(name.into(), value.into())
}

/// The properties of the invocation that runs.
pub(crate) fn current() -> Properties {
    lock(&CURRENT).clone()
}

/// The same, which are then discarded.
pub(crate) fn take() -> Properties {
    std::mem::take(&mut *lock(&CURRENT))
}

/// Properties of a document, each name once, in the order in which they were set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Properties(Vec<(Cow<'static, str>, PropertyValue)>);

/// The value of a property.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PropertyValue {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// A truth value.
    Bool(bool),
}

impl Properties {
    /// No properties.
    pub const NONE: &Self = &Self(Vec::new());

    /// Name and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &PropertyValue)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Sets a property; returns whether there is room for it.
    pub(crate) fn set(&mut self, name: Cow<'static, str>, value: PropertyValue) -> bool {
        let finite = !matches!(value, PropertyValue::Number(number) if !number.is_finite());
        let others = self.0.iter().filter(|(other, _)| *other != name);
        let number = others.clone().count();
        let bytes = others.map(document_bytes).sum::<usize>();
        let property = (name, value);
        let fits = number < MAX_PROPERTIES
            && bytes + document_bytes(&property) <= MAX_DOCUMENT_BYTES
            && !property.0.is_empty();
        if !finite || !fits {
            return false;
        }
        match self.0.iter_mut().find(|(other, _)| *other == property.0) {
            Some(known) => *known = property,
            None => self.0.push(property),
        }
        true
    }

    /// The most bytes that the properties take of a document.
    pub(crate) fn document_bytes(&self) -> usize {
        self.0.iter().map(document_bytes).sum()
    }
}

/// A byte takes at most six characters in JSON, which is the length of an escaped control character.
fn document_bytes((name, value): &(Cow<'static, str>, PropertyValue)) -> usize {
    let value = match value {
        PropertyValue::Text(text) => text.len(),
        PropertyValue::Number(_) | PropertyValue::Bool(_) => 4,
    };
    6 * (name.len() + value) + 8
}

macro_rules! values {
    ($($ty:ty => $value:expr),* $(,)?) => {
        $(impl From<$ty> for PropertyValue {
            fn from(value: $ty) -> Self {
                $value(value)
            }
        })*
    };
}

values! {
    String => Self::Text,
    &str => |text: &str| Self::Text(text.to_owned()),
    bool => Self::Bool,
    f64 => Self::Number,
    f32 => |number| Self::Number(f64::from(number)),
    u32 => |number| Self::Number(f64::from(number)),
    i32 => |number| Self::Number(f64::from(number)),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_replaced_by_one_of_its_name() {
        let mut properties = Properties::default();
        assert!(properties.set("a".into(), 1.into()));
        assert!(properties.set("b".into(), true.into()));
        assert!(properties.set("a".into(), "x".into()));
        let values: Vec<_> = properties.iter().collect();
        let x = PropertyValue::Text("x".to_owned());
        assert_eq!(values, [("a", &x), ("b", &PropertyValue::Bool(true))]);
    }

    #[test]
    fn properties_are_bounded_by_number_and_by_size() {
        let mut properties = Properties::default();
        for number in 0..MAX_PROPERTIES {
            assert!(properties.set(number.to_string().into(), "".into()));
        }
        assert!(!properties.set("one more".into(), "".into()));
        assert!(properties.set("0".into(), "x".repeat(1_000).into()));
        assert!(!properties.set("0".into(), "x".repeat(MAX_DOCUMENT_BYTES / 6).into()));
        assert!(properties.document_bytes() <= MAX_DOCUMENT_BYTES);
    }

    #[test]
    fn numbers_without_a_form_in_json_are_refused() {
        let mut properties = Properties::default();
        assert!(!properties.set("a".into(), f64::NAN.into()));
        assert!(!properties.set("".into(), 1.into()));
    }
}
