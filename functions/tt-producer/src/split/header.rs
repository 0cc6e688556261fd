//! The header of a CSV file: its delimiter, and what each column contains.

use std::collections::HashSet;

use encoding_rs::WINDOWS_1252;

use super::values::Values;
use crate::upload::HeaderPlace;

/// The largest number of columns.
pub const MAX_COLUMNS: usize = 2_000;

/// The fields that every record has.
pub const REQUIRED: [&str; 3] = ["record_id", "customer_id", "event_type"];

/// The delimiters that are detected; the first ones are preferred.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A field that an event has a place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `record_id`
    RecordId,
    /// `customer_id`
    CustomerId,
    /// `event_type`
    EventType,
    /// `risk_rating`
    RiskRating,
    /// `occurred_at`
    OccurredAt,
    /// `subject`
    Subject,
    /// `details`
    Details,
}

/// What a column contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// A field that an event has a place for.
    Field(Field),
    /// Any other field.
    Extra(String),
    /// Nothing: spreadsheets leave columns without a name behind.
    Nameless,
}

/// The header row of a CSV file, in the only place that keeps it.
///
/// A header that is wrong makes each row malformed: the rows are counted, and kept, all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    row: Vec<u8>,
    place: HeaderPlace,
    delimiter: u8,
    columns: Result<Vec<Column>, HeaderError>,
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A header that names no column for a required field.
    #[error("header has no column `{0}`")]
    Missing(&'static str),
    /// A header that names a column twice.
    #[error("header names column {0} twice")]
    Twice(usize),
    /// A header that is no row.
    #[error("header is unreadable")]
    Unreadable,
    /// A header of too many columns.
    #[error("header has more than {MAX_COLUMNS} columns")]
    TooMany,
}

impl Field {
    /// The field of this name, if an event has a place for it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "record_id" => Self::RecordId,
            "customer_id" => Self::CustomerId,
            "event_type" => Self::EventType,
            "risk_rating" => Self::RiskRating,
            "occurred_at" => Self::OccurredAt,
            "subject" => Self::Subject,
            "details" => Self::Details,
            _ => return None,
        })
    }
}

impl Header {
    /// Reads a header row. Without a `delimiter` it is detected.
    pub fn new(row: &[u8], delimiter: Option<u8>, place: HeaderPlace) -> Self {
        let text = std::str::from_utf8(row);
        // The name of an extra column may be in another encoding: it does not spoil the others.
        let text = text.map_or_else(|_| WINDOWS_1252.decode(row).0, Into::into);
        let delimiter = delimiter.unwrap_or_else(|| detect(&text));
        let columns = if place.readable {
            columns(&text, delimiter)
        } else {
            Err(HeaderError::Unreadable)
        };
        Self {
            row: row.to_vec(),
            place,
            delimiter,
            columns,
        }
    }

    /// The row as it is in the file.
    pub fn row(&self) -> &[u8] {
        &self.row
    }

    /// The place of the row.
    pub fn place(&self) -> HeaderPlace {
        self.place
    }

    /// The delimiter of the file.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// What the columns contain.
    ///
    /// # Errors
    ///
    /// What is wrong with the header.
    pub fn columns(&self) -> Result<&[Column], HeaderError> {
        match &self.columns {
            Ok(columns) => Ok(columns),
            Err(error) => Err(*error),
        }
    }
}

impl Column {
    /// The name of the column for messages.
    pub fn name(&self) -> &str {
        match self {
            Self::Field(Field::RecordId) => "record_id",
            Self::Field(Field::CustomerId) => "customer_id",
            Self::Field(Field::EventType) => "event_type",
            Self::Field(Field::RiskRating) => "risk_rating",
            Self::Field(Field::OccurredAt) => "occurred_at",
            Self::Field(Field::Subject) => "subject",
            Self::Field(Field::Details) => "details",
            Self::Extra(name) => name,
            Self::Nameless => "",
        }
    }
}

/// The delimiter by which a header names the most required columns, then the most columns at all.
fn detect(row: &str) -> u8 {
    let score = |delimiter: u8| {
        let values = Values::new(row, delimiter, false).take(MAX_COLUMNS + 1);
        values.fold((0, 0), |(required, all), name| {
            let is_required = REQUIRED.contains(&name.trim());
            (required + usize::from(is_required), all + 1)
        })
    };
    // Of equal ones `max_by_key` returns the last.
    let best = DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(|delimiter| score(*delimiter));
    best.unwrap_or(b',')
}

fn columns(row: &str, delimiter: u8) -> Result<Vec<Column>, HeaderError> {
    let names: Vec<_> = Values::new(row, delimiter, false)
        .take(MAX_COLUMNS + 1)
        .map(|name| name.trim().to_owned())
        .collect();
    if names.len() > MAX_COLUMNS {
        return Err(HeaderError::TooMany);
    }
    let mut known = HashSet::with_capacity(names.len());
    let mut twice = None;
    for (index, name) in names.iter().enumerate() {
        if !name.is_empty() && !known.insert(name.as_str()) {
            twice = twice.or(Some(HeaderError::Twice(index + 1)));
        }
    }
    if let Some(required) = REQUIRED.into_iter().find(|name| !known.contains(name)) {
        return Err(HeaderError::Missing(required));
    }
    if let Some(twice) = twice {
        return Err(twice);
    }
    let column = |name: String| match Field::named(&name) {
        Some(field) => Column::Field(field),
        None if name.is_empty() => Column::Nameless,
        None => Column::Extra(name),
    };
    Ok(names.into_iter().map(column).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(row: &[u8]) -> Header {
        let place = HeaderPlace {
            offset: 0,
            length: row.len(),
            readable: true,
            truncated: false,
        };
        Header::new(row, None, place)
    }

    #[test]
    fn the_delimiter_follows_from_the_required_names() {
        for (row, expected) in [
            ("record_id,customer_id,event_type", b','),
            ("record_id;customer_id;event_type", b';'),
            ("record_id\tcustomer_id\tevent_type", b'\t'),
            ("record_id|customer_id|event_type", b'|'),
            ("record_id;customer_id;event_type;a,b,c,d,e", b';'),
            (
                "\"record_id\";\"customer_id\";\"event_type\";\"a,b,c,d\"",
                b';',
            ),
            ("a;b;c", b';'),
            ("record_id", b','),
        ] {
            assert_eq!(header(row.as_bytes()).delimiter(), expected, "{row}");
        }
    }

    #[test]
    fn names_are_trimmed_and_unquoted() {
        let header = header(b" customer_id ,\"record_id\",event_type,, note");
        let columns = header.columns().unwrap();
        assert_eq!(columns[1], Column::Field(Field::RecordId));
        assert_eq!(columns[3], Column::Nameless);
        assert_eq!(columns[4], Column::Extra("note".to_owned()));
    }

    #[test]
    fn the_name_of_an_extra_column_in_another_encoding_does_not_spoil_the_header() {
        let header = header(b"record_id,customer_id,event_type,Stra\xdfe");
        let columns = header.columns().unwrap();
        assert_eq!(columns[3], Column::Extra("Straße".to_owned()));
    }

    #[test]
    fn a_wrong_header_is_an_error() {
        let error = |row: &[u8]| header(row).columns().unwrap_err();
        assert_eq!(
            error(b"record_id,event_type"),
            HeaderError::Missing("customer_id")
        );
        assert_eq!(
            error(b"record_id,customer_id,event_type,record_id"),
            HeaderError::Twice(4)
        );
        assert_eq!(error(b"\xff"), HeaderError::Missing("record_id"));
        let many = "x,".repeat(MAX_COLUMNS);
        let many = format!("record_id,customer_id,event_type,{many}");
        assert_eq!(error(many.as_bytes()), HeaderError::TooMany);
    }

    #[test]
    fn the_names_of_many_columns_are_compared_in_linear_time() {
        let names: Vec<_> = (0..175_000).map(|n| format!("c{n}")).collect();
        let began = std::time::Instant::now();
        let header = header(names.join(",").as_bytes());
        assert_eq!(header.columns(), Err(HeaderError::TooMany));
        assert!(began.elapsed() < std::time::Duration::from_secs(5));
    }
}
