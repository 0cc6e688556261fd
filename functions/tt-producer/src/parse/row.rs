//! Parses a CSV row by the header of its file.

use function_log::Text;
use tt_event::Value;

use super::{fields::Found, malformed::Malformed, record::Record};
use crate::split::{Column, Header, Values};

/// Parses a row.
///
/// # Errors
///
/// What is wrong with the row or with the header.
pub(super) fn record<'a>(
    row: &'a [u8],
    header: &'a Header,
    backslash: bool,
) -> Result<Record<'a>, Malformed> {
    let columns = header.columns()?;
    let delimiter = header.delimiter();
    let text = match std::str::from_utf8(row) {
        Ok(text) => text,
        Err(error) => {
            let before = row.get(..error.valid_up_to()).unwrap_or_default();
            let before = std::str::from_utf8(before).unwrap_or_default();
            let column = Values::new(before, delimiter, backslash).count();
            let name = column.checked_sub(1).and_then(|index| columns.get(index));
            return Err(Malformed::Encoding {
                column,
                name: Text(name.map_or("", Column::name)).to_string(),
            });
        }
    };
    let (mut record, mut found) = (Found::default(), 0);
    for value in Values::new(text, delimiter, backslash) {
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
        Ok(Record::of(record.fields()?))
    } else {
        Err(Malformed::FieldCount { found, expected })
    }
}

#[cfg(test)]
mod tests {
    use tt_event::{Encoder, TtEvent};

    use super::*;
    use crate::{split::HeaderError, upload::HeaderPlace};

    fn header(row: &[u8]) -> Header {
        let place = HeaderPlace {
            offset: 0,
            length: row.len(),
            readable: true,
            truncated: false,
        };
        Header::new(row, None, place)
    }

    fn malformed(header: &Header, row: &[u8]) -> Malformed {
        record(row, header, false).unwrap_err()
    }

    #[test]
    fn a_row_fills_the_fields_that_the_header_names() {
        let header = header(b" customer_id ;\"record_id\";event_type;subject;balance;note");
        let record = record(b"c;r;e;;1.10;", &header, false).unwrap();
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
        let header = header(b"record_id,customer_id,event_type");
        let expected = |found| Malformed::FieldCount { found, expected: 3 };
        assert_eq!(malformed(&header, b"r,c"), expected(2));
        assert_eq!(malformed(&header, b"r,c,e,x"), expected(4));
    }

    #[test]
    fn an_empty_required_value_is_malformed() {
        let header = header(b"record_id,customer_id,event_type");
        assert_eq!(
            malformed(&header, b"r,,e"),
            Malformed::Missing("customer_id")
        );
    }

    #[test]
    fn a_wrong_header_makes_each_row_malformed() {
        let lacking = header(b"record_id,event_type");
        let error = Malformed::Header(HeaderError::Missing("customer_id"));
        assert_eq!(malformed(&lacking, b"r,e"), error);
    }

    #[test]
    fn a_value_in_another_encoding_is_named_by_its_column() {
        let header = header(b"record_id,customer_id,event_type,Stra\xdfe\n");
        let error = malformed(&header, b"r,M\xfcller,e,x");
        assert_eq!(
            error.to_string(),
            "column 2 (`customer_id`) is not UTF-8, it may be Windows-1252"
        );
        let error = malformed(&header, b"r,c,e,Stra\xdfe");
        assert!(
            error.to_string().starts_with("column 4 (`Straße`)"),
            "{error}"
        );
    }
}
