//! A value of JSON or CBOR, as far as CloudWatch's formats need one.

use super::Violation;

/// How deep values may be nested; both formats stay far below.
pub(super) const MAX_DEPTH: usize = 32;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Node {
    /// A field of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(fields) = self else {
            return None;
        };
        let found = fields.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value)
    }

    /// A field that has to be there.
    pub(super) fn field(&self, name: &str) -> Result<&Self, Violation> {
        self.get(name)
            .ok_or_else(|| malformed(format!("`{name}` is missing")))
    }

    pub(super) fn text(&self, what: &str) -> Result<&str, Violation> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(malformed(format!("`{what}` is not text"))),
        }
    }

    pub(super) fn number(&self, what: &str) -> Result<f64, Violation> {
        match self {
            Self::Number(number) => Ok(*number),
            _ => Err(malformed(format!("`{what}` is not a number"))),
        }
    }

    pub(super) fn list(&self, what: &str) -> Result<&[Self], Violation> {
        match self {
            Self::List(list) => Ok(list),
            _ => Err(malformed(format!("`{what}` is not a list"))),
        }
    }

    /// Refuses a map in which a key stands twice, also further down.
    pub(super) fn check_keys(fields: &[(String, Self)]) -> Result<(), Violation> {
        let mut keys: Vec<&str> = fields.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        let twice = keys.iter().zip(keys.iter().skip(1));
        match twice.into_iter().find(|(left, right)| left == right) {
            Some((key, _)) => Err(malformed(format!("`{key}` is given twice"))),
            None => Ok(()),
        }
    }
}

pub(super) fn malformed(what: impl Into<String>) -> Violation {
    Violation::Malformed(what.into())
}
