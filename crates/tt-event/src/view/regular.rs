//! Reads an event in the form that this crate writes: each field is expected at its place.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::borrowed::{EventView, Extra, SourceView};

/// Reads an event whose fields are in the order in which this crate writes them and contain no escapes. `None` for any other
/// text, which may still be an event.
pub(super) fn read(json: &str) -> Option<EventView<'_>> {
    let mut json = Json(json);
    let view = EventView {
        schema: json.text_after(r#"{"schema":"#)?,
        event_id: json.text_after(r#","event_id":"#)?,
        _source: SourceView {
            _bucket: json.text_after(r#","source":{"bucket":"#)?,
            _key: json.text_after(r#","key":"#)?,
            _version: json.text_after(r#","version":"#)?,
            _index: json.number_after(r#","index":"#)?,
        },
        produced_at: json.text_after(r#"},"produced_at":"#)?,
        record_id: json.text_after(r#","record_id":"#)?,
        customer_id: json.text_after(r#","customer_id":"#)?,
        event_type: json.text_after(r#","event_type":"#)?,
        risk_rating: json.value_after(r#","risk_rating":"#).ok()?,
        occurred_at: json.value_after(r#","occurred_at":"#).ok()?,
        subject: json.value_after(r#","subject":"#).ok()?,
        details: json.value_after(r#","details":"#).ok()?,
        extra: json.extra()?,
    };
    (json.0 == "}").then_some(view)
}

/// The text must be read by `serde` instead.
struct OtherForm;

/// The rest of an event.
struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    fn take(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    fn text_after(&mut self, head: &str) -> Option<Cow<'a, str>> {
        self.take(head)?;
        self.take("\"")?;
        let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        let end = self.0.bytes().position(is_special)?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.strip_prefix('"')?;
        Some(Cow::Borrowed(text))
    }

    fn number_after(&mut self, head: &str) -> Option<u64> {
        self.take(head)?;
        let is_other = |byte: u8| !byte.is_ascii_digit();
        let end = self.0.bytes().position(is_other)?;
        let (digits, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        serde_json::from_str(digits).ok()
    }

    /// The value behind `head`, if that comes next; objects and lists are not supported.
    fn value_after(&mut self, head: &str) -> Result<Option<&'a RawValue>, OtherForm> {
        let before = self.0;
        let Some(value) = before.strip_prefix(head) else {
            return Ok(None);
        };
        let length = if value.starts_with('"') {
            self.text_after(head).ok_or(OtherForm)?;
            value.len() - self.0.len()
        } else {
            let is_end = |byte: u8| byte == b',' || byte == b'}';
            value.bytes().position(is_end).ok_or(OtherForm)?
        };
        let (value, rest) = value.split_at_checked(length).ok_or(OtherForm)?;
        self.0 = rest;
        read_value(value)
    }

    /// The rest of the text without its last brace.
    fn extra(&mut self) -> Option<Extra<'a>> {
        let Some(rest) = self.0.strip_prefix(r#","extra":"#) else {
            return Some(Extra::default());
        };
        let (object, end) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
        self.0 = end;
        let object = object.starts_with('{').then_some(object)?;
        read_value(object).ok().map(Extra)
    }
}

/// One whole value, and nothing beside it. An optional field that is null is absent.
fn read_value(json: &str) -> Result<Option<&RawValue>, OtherForm> {
    serde_json::from_str(json).map_err(|_| OtherForm)
}
