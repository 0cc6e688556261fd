//! One JSON value of a record, unchanged.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A JSON value that is carried along unparsed, so that types, digits and order survive.
///
/// `Debug` shows only its kind: the value is part of a record body.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Makes a JSON string from text.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "a string always serializes"
    )]
    pub fn from_text(text: &str) -> Self {
        Self(serde_json::value::to_raw_value(text).expect("text is JSON"))
    }

    /// The JSON text, quotes included.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }

    /// The value as text: a string without its quotes, anything else as JSON; `None` for `null`.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        text(self.as_json())
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        self.as_json() == "null"
    }

    /// Whether the value is a string.
    pub fn is_string(&self) -> bool {
        self.as_json().starts_with('"')
    }

    /// Whether the value is a number.
    pub fn is_number(&self) -> bool {
        self.as_json()
            .starts_with(|c: char| c == '-' || c.is_ascii_digit())
    }
}

/// The value as text, from its JSON: see [`Json::text`].
pub(crate) fn text(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Text<'_>>(json)
            .ok()
            .map(|text| text.0),
        _ if json == "null" => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

/// A string that borrows from its JSON when that contains no escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.as_json().as_bytes().first() {
            Some(b'"') => "<string>",
            Some(b'{') => "<object>",
            Some(b'[') => "<array>",
            Some(b'n') => "null",
            Some(b't' | b'f') => "<boolean>",
            _ => "<number>",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn text_of_a_string_loses_quotes_and_escapes() {
        assert_eq!(json(r#""a\"b\u00e9""#).text().unwrap(), "a\"b\u{e9}");
    }

    #[test]
    fn text_of_other_values_is_their_json() {
        assert_eq!(
            json("12345678901234567890123").text().unwrap(),
            "12345678901234567890123"
        );
        assert_eq!(json(r#"{"a": [1]}"#).text().unwrap(), r#"{"a": [1]}"#);
        assert_eq!(json("null").text(), None);
    }

    #[test]
    fn from_text_escapes() {
        assert_eq!(Json::from_text("a\"\n").as_json(), r#""a\"\n""#);
    }

    #[test]
    fn debug_hides_the_value() {
        assert_eq!(format!("{:?}", json(r#""secret""#)), "<string>");
    }
}
