//! A value of JSON or CBOR, in which no key of a map occurs twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::limits::{Refusal, refuse};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool,
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Value {
    /// Reads one JSON value that takes all of the text.
    pub(crate) fn from_json(text: &str) -> Result<Self, Refusal> {
        serde_json::from_str(text).or_else(|error| refuse(format!("not JSON: {error}")))
    }

    /// Reads one CBOR value that takes all of the bytes.
    pub(crate) fn from_cbor(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut rest = bytes;
        let value: ciborium::Value = ciborium::from_reader(&mut rest)
            .or_else(|error| refuse(format!("not CBOR: {error}")))?;
        if !rest.is_empty() {
            return refuse("there are bytes behind the request");
        }
        Self::try_from(value)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(fields) = self else {
            return None;
        };
        let found = fields.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value)
    }

    pub(crate) fn field(&self, name: &str) -> Result<&Self, Refusal> {
        self.get(name)
            .map_or_else(|| refuse(format!("`{name}` is missing")), Ok)
    }

    pub(crate) fn text(&self, what: &str) -> Result<&str, Refusal> {
        match self {
            Self::Text(text) => Ok(text),
            _ => refuse(format!("`{what}` is not text")),
        }
    }

    pub(crate) fn number(&self, what: &str) -> Result<f64, Refusal> {
        match self {
            Self::Number(number) => Ok(*number),
            _ => refuse(format!("`{what}` is not a number")),
        }
    }

    pub(crate) fn list(&self, what: &str) -> Result<&[Self], Refusal> {
        match self {
            Self::List(list) => Ok(list),
            _ => refuse(format!("`{what}` is not a list")),
        }
    }
}

fn check_keys(fields: &[(String, Value)]) -> Result<(), Refusal> {
    let mut keys: Vec<&str> = fields.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    let mut pairs = keys.iter().zip(keys.iter().skip(1));
    match pairs.find(|(left, right)| left == right) {
        Some((key, _)) => refuse(format!("`{key}` is given twice")),
        None => Ok(()),
    }
}

impl TryFrom<ciborium::Value> for Value {
    type Error = Refusal;

    #[expect(clippy::cast_precision_loss, reason = "CloudWatch stores doubles")]
    fn try_from(value: ciborium::Value) -> Result<Self, Refusal> {
        /// The tag of a number of seconds since 1970 (RFC 8949, section 3.4.2).
        const EPOCH_SECONDS: u64 = 1;
        Ok(match value {
            ciborium::Value::Null => Self::Null,
            ciborium::Value::Bool(_) => Self::Bool,
            ciborium::Value::Integer(number) => Self::Number(i128::from(number) as f64),
            ciborium::Value::Float(number) => Self::Number(number),
            ciborium::Value::Text(text) => Self::Text(text),
            ciborium::Value::Tag(EPOCH_SECONDS, seconds) => Self::try_from(*seconds)?,
            ciborium::Value::Array(items) => {
                let items = items.into_iter().map(Self::try_from);
                Self::List(items.collect::<Result<_, _>>()?)
            }
            ciborium::Value::Map(fields) => {
                let fields = fields.into_iter().map(|(key, value)| match key {
                    ciborium::Value::Text(key) => Ok((key, Self::try_from(value)?)),
                    _ => refuse("a key is not text"),
                });
                let fields: Vec<_> = fields.collect::<Result<_, _>>()?;
                check_keys(&fields)?;
                Self::Map(fields)
            }
            _ => return refuse("not a value of a PutMetricData request"),
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

#[expect(clippy::cast_precision_loss, reason = "CloudWatch stores doubles")]
impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Bool)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        check_keys(&fields).map_err(A::Error::custom)?;
        Ok(Value::Map(fields))
    }
}
