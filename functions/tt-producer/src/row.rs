//! CSV rows: the header that names the fields, and the rows that fill them.

use std::borrow::Cow;

use memchr::memchr;
use tt_event::Value;

use crate::{
    found::{Field, Found},
    record::{Malformed, REQUIRED, Record},
};

/// The first row of a CSV file: the names of its fields.
///
/// A header that is wrong makes every row malformed: rows are counted, and kept, all the same.
/// Columns without a name, as spreadsheets leave them behind, are no fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    columns: Result<Vec<Column>, Malformed>,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Field(Field),
    Extra(String),
    Nameless,
}

impl Header {
    /// Reads the first row.
    pub(crate) fn new(row: &[u8]) -> Self {
        let column = |name: String| match Field::named(&name) {
            Some(field) => Column::Field(field),
            None if name.is_empty() => Column::Nameless,
            None => Column::Extra(name),
        };
        Self {
            columns: names(row).map(|names| names.into_iter().map(column).collect()),
        }
    }

    /// The header of a file whose first row is none.
    pub(crate) fn unreadable() -> Self {
        Self {
            columns: Err(Malformed::HeaderUnreadable),
        }
    }

    /// Reads a row.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the row or with the header.
    pub(crate) fn record<'a>(&'a self, row: &'a [u8]) -> Result<Record<'a>, Malformed> {
        let columns = self.columns.as_ref().map_err(Clone::clone)?;
        let row = std::str::from_utf8(row).map_err(|_| Malformed::NotUtf8)?;
        let (mut record, mut found) = (Found::default(), 0);
        for value in Values(Some(row)) {
            match columns.get(found) {
                Some(Column::Field(field)) => record.put(*field, Value::Text(value)),
                Some(Column::Extra(name)) => {
                    record.put_extra(name.as_str().into(), Value::Text(value));
                }
                Some(Column::Nameless) | None => {}
            }
            found += 1;
        }
        let expected = columns.len();
        if found == expected {
            record.record()
        } else {
            Err(Malformed::FieldCount { found, expected })
        }
    }

    /// What is wrong with the header itself.
    pub(crate) fn error(&self) -> Option<&Malformed> {
        self.columns.as_ref().err()
    }
}

fn names(row: &[u8]) -> Result<Vec<String>, Malformed> {
    let row = std::str::from_utf8(row).map_err(|_| Malformed::HeaderUnreadable)?;
    let names: Vec<_> = Values(Some(row))
        .map(|name| name.trim().to_owned())
        .collect();
    for required in REQUIRED {
        if !names.iter().any(|name| name == required) {
            return Err(Malformed::Header(required));
        }
    }
    for (index, name) in names.iter().enumerate() {
        let mut earlier = names.iter().take(index);
        if !name.is_empty() && earlier.any(|earlier| earlier == name) {
            return Err(Malformed::HeaderTwice(index + 1));
        }
    }
    Ok(names)
}

/// The values of a row whose quotes pair, as the splitter hands it out.
struct Values<'a>(Option<&'a str>);

impl<'a> Iterator for Values<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        let text = self.0?;
        let (value, behind) = match text.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => match cut(text, b',') {
                Some((value, behind)) => (Cow::Borrowed(value), Some(behind)),
                None => (Cow::Borrowed(text), None),
            },
        };
        self.0 = behind;
        Some(value)
    }
}

/// The value behind an opening quote, and what stands behind its comma.
fn unquote(text: &str) -> (Cow<'_, str>, Option<&str>) {
    let mut value = Cow::Borrowed("");
    let mut rest = text;
    while let Some((part, behind)) = cut(rest, b'"') {
        value += part;
        match behind.strip_prefix('"') {
            Some(behind) => {
                value += "\"";
                rest = behind;
            }
            None => return (value, behind.strip_prefix(',')),
        }
    }
    (value + rest, None)
}

/// What stands before and behind the first `mark`, which is ASCII.
fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = memchr(mark, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use tt_event::{Encoder, TtEvent};

    use super::*;

    fn fields(row: &str) -> Vec<Cow<'_, str>> {
        Values(Some(row)).collect()
    }

    #[test]
    fn fields_are_unquoted() {
        assert_eq!(fields("a,,b"), ["a", "", "b"]);
        assert_eq!(fields(""), [""]);
        assert_eq!(fields("a,"), ["a", ""]);
        assert_eq!(
            fields(r#""a,b","say ""hi""","",x"y"#),
            ["a,b", r#"say "hi""#, "", r#"x"y"#]
        );
        assert_eq!(fields("\"1\n2\",3"), ["1\n2", "3"]);
    }

    #[test]
    fn a_row_fills_the_fields_that_the_header_names() {
        let header = Header::new(b" customer_id ,\"record_id\",event_type,subject,balance,note");
        let record = header.record(b"c,r,e,,1.10,").unwrap();
        let mut written = Vec::new();
        record.encode(&Encoder::new("b", "k", "v"), 0, "now", &mut written);
        let event = TtEvent::decode(&written).unwrap();
        assert_eq!(
            (&*event.record_id, &*event.customer_id, &*event.event_type),
            ("r", "c", "e")
        );
        assert_eq!(event.subject, None);
        assert_eq!(event.extra["balance"].as_json(), "\"1.10\"");
        assert_eq!(event.extra["note"].as_json(), "\"\"");
    }

    #[test]
    fn a_row_with_another_number_of_fields_is_malformed() {
        let header = Header::new(b"record_id,customer_id,event_type");
        let malformed = |found| Err(Malformed::FieldCount { found, expected: 3 });
        assert_eq!(header.record(b"r,c"), malformed(2));
        assert_eq!(header.record(b"r,c,e,x"), malformed(4));
    }

    #[test]
    fn an_empty_required_value_is_malformed() {
        let header = Header::new(b"record_id,customer_id,event_type");
        assert_eq!(
            header.record(b"r,,e"),
            Err(Malformed::Missing("customer_id"))
        );
    }

    #[test]
    fn a_wrong_header_makes_every_row_malformed() {
        let lacking = Header::new(b"record_id,event_type");
        assert_eq!(
            lacking.record(b"r,e"),
            Err(Malformed::Header("customer_id"))
        );
        let twice = Header::new(b"record_id,customer_id,event_type,record_id");
        assert_eq!(twice.record(b"r,c,e,r"), Err(Malformed::HeaderTwice(4)));
        assert_eq!(
            Header::new(b"\xff").record(b"r"),
            Err(Malformed::HeaderUnreadable)
        );
        assert_eq!(
            Header::unreadable().record(b"r"),
            Err(Malformed::HeaderUnreadable)
        );
    }

    #[test]
    fn a_row_in_another_encoding_is_malformed() {
        let header = Header::new(b"record_id,customer_id,event_type");
        assert_eq!(header.record(b"r,c,M\xfcller"), Err(Malformed::NotUtf8));
    }
}
