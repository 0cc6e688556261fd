//! The JSON of a batch in the form that Kinesis gives it, read by looking for the few fields that matter.

use memchr::memchr2;
use serde_json::value::RawValue;

use crate::{record::Fields, records::Records};

/// Reads a batch whose every record has a sequence number, data, and nothing of another type than Kinesis
/// writes. `None` for any other, and for one whose texts hold escapes.
pub(crate) fn read(event: &RawValue) -> Option<Records> {
    let mut records = None;
    let mut json = Json { rest: event.get() };
    json.object(|json, key| match key {
        "Records" => once(&mut records, json.records()?),
        _ => json.skip(),
    })?;
    records
}

/// The rest of a text that is known to be valid JSON.
struct Json<'a> {
    rest: &'a str,
}

/// A record of Kinesis, its data still in base64.
struct Kinesis<'a> {
    fields: Fields<'a>,
    data: &'a str,
}

impl<'a> Json<'a> {
    fn records(&mut self) -> Option<Records> {
        let mut records = Records::with_capacity(self.rest.len());
        self.take('[')?;
        if self.take(']').is_some() {
            return Some(records);
        }
        for index in 0.. {
            let mut kinesis = None;
            self.object(|json, key| match key {
                "kinesis" => once(&mut kinesis, json.kinesis()?),
                _ => json.skip(),
            })?;
            let Kinesis { fields, data } = kinesis?;
            records.push(Fields { index, ..fields }, data);
            if self.take(',').is_none() {
                break;
            }
        }
        self.take(']')?;
        Some(records)
    }

    fn kinesis(&mut self) -> Option<Kinesis<'a>> {
        let (mut number, mut data, mut key, mut arrived_at) = (None, None, None, None);
        self.object(|json, name| match name {
            "sequenceNumber" => once(&mut number, json.plain_text()?),
            "data" => once(&mut data, json.plain_text()?),
            "partitionKey" if json.take_null() => once(&mut key, None),
            "partitionKey" => once(&mut key, Some(json.plain_text()?)),
            "approximateArrivalTimestamp" if json.take_null() => once(&mut arrived_at, None),
            "approximateArrivalTimestamp" => once(&mut arrived_at, Some(json.number()?)),
            _ => json.skip(),
        })?;
        let fields = Fields {
            index: 0,
            sequence_number: Some(number.filter(|number| !number.is_empty())?),
            partition_key: key.flatten(),
            arrived_at: arrived_at.flatten(),
        };
        Some(Kinesis {
            fields,
            data: data?,
        })
    }

    /// An object, each of whose values is read by `value`.
    fn object(&mut self, mut value: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.take('{')?;
        if self.take('}').is_some() {
            return Some(());
        }
        loop {
            let key = self.plain_text()?;
            self.take(':')?;
            value(self, key)?;
            if self.take(',').is_none() {
                return self.take('}');
            }
        }
    }

    /// A text without escapes.
    fn plain_text(&mut self) -> Option<&'a str> {
        self.take('"')?;
        let end = memchr2(b'"', b'\\', self.rest.as_bytes())?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix('"')?;
        Some(text)
    }

    fn number(&mut self) -> Option<f64> {
        serde_json::from_str(self.word()).ok()
    }

    /// Whether `null` comes next; then it goes behind it.
    fn take_null(&mut self) -> bool {
        self.skip_blanks();
        let rest = self.rest.strip_prefix("null");
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Goes behind a value of any kind.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.skip_blanks();
            match self.rest.as_bytes().first()? {
                b'"' => self.skip_text()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.skip_byte();
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.skip_byte();
                }
                b',' | b':' => self.skip_byte(),
                _ => {
                    self.word();
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn skip_text(&mut self) -> Option<()> {
        self.take('"')?;
        loop {
            let end = memchr2(b'"', b'\\', self.rest.as_bytes())?;
            let (_, rest) = self.rest.split_at_checked(end)?;
            if let Some(rest) = rest.strip_prefix('"') {
                self.rest = rest;
                return Some(());
            }
            // What is escaped is one byte, or the first of some that need no second look.
            self.rest = rest.get(2..)?;
        }
    }

    /// A number, or `true`, `false` or `null`.
    fn word(&mut self) -> &'a str {
        self.skip_blanks();
        let is_in = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let end = self.rest.bytes().position(|byte| !is_in(byte));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    /// Goes behind this character, where it comes next.
    fn take(&mut self, expected: char) -> Option<()> {
        self.skip_blanks();
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
    }

    fn skip_byte(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }
}

/// Fills what may be filled once.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}
