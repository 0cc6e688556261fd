//! Properties: what a document says beside its metrics, for Logs Insights and not for CloudWatch.

use std::{borrow::Cow, sync::Mutex};

use crate::count::sync::lock;

/// Most properties of one invocation.
const MAX_PROPERTIES: usize = 64;
/// Most bytes that they take of a document, which is 256 KB long at most.
const MAX_DOCUMENT_BYTES: usize = 16 * 1024;

static CURRENT: Mutex<Properties> = Mutex::new(Properties(Vec::new()));

/// Says something about the invocation that runs, beside its metrics.
///
/// It stands in the documents that name this invocation, in the embedded metric format, where Logs Insights finds it:
/// the place for ids, of which each would be a billed metric as a dimension. `PutMetricData` has no place for it. A
/// property of the same name is replaced; the flush after the invocation forgets all. When invocations run at once,
/// their documents name none of them, and no property either.
///
/// Returns whether it is kept: not when its name is taken by a metric at the flush, when it is a number that JSON cannot
/// say, or beyond 64 properties or 16 KB.
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

/// The same, which are then forgotten.
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
    /// Yes or no.
    Bool(bool),
}

impl Properties {
    /// No properties.
    pub const NONE: &Self = &Self(Vec::new());

    /// Name and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &PropertyValue)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Sets one; says whether there is room for it.
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

    /// The bytes that they take of a document, at most.
    pub(crate) fn document_bytes(&self) -> usize {
        self.0.iter().map(document_bytes).sum()
    }
}

/// A byte takes at most six characters in JSON, as a control character does.
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
    fn what_json_cannot_say_is_refused() {
        let mut properties = Properties::default();
        assert!(!properties.set("a".into(), f64::NAN.into()));
        assert!(!properties.set("".into(), 1.into()));
    }
}
