//! What `composite/sobjects` answers, read without trust.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The result of one record of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// The Case was created.
    Created,
    /// Salesforce said no.
    Failed(Refusal),
    /// Neither yes nor no.
    Unreadable,
}

/// A Salesforce error: its code, its text, the fields it names.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    /// Often quotes field values, so it goes into parked records and nowhere else.
    pub(crate) message: String,
    pub(crate) fields: Vec<String>,
}

impl Refusal {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            fields: Vec::new(),
        }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct ItemText {
    success: bool,
    #[serde(default)]
    errors: Vec<ErrorText>,
}

/// Collections name the code `statusCode`, single-record answers name it `errorCode`.
#[derive(Deserialize)]
struct ErrorText {
    #[serde(rename = "statusCode", alias = "errorCode")]
    code: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    fields: Option<Vec<String>>,
}

/// Reads one result for each of `expected` records, in order. `None` when the answer is no such
/// list: then nothing is known about any of them.
pub(crate) fn items(body: &[u8], expected: usize) -> Option<Vec<Item>> {
    if all_created(body, expected).is_some() {
        return Some(vec![Item::Created; expected]);
    }
    read_items(body, expected)
}

/// Knows the answer to a call whose every record was created, as Salesforce writes it.
fn all_created(body: &[u8], expected: usize) -> Option<()> {
    let mut rest = body.strip_prefix(b"[")?;
    for place in 0..expected {
        if place > 0 {
            rest = rest.strip_prefix(b",")?;
        }
        rest = rest.strip_prefix(br#"{"id":""#)?;
        let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
        let end = rest.get(end..)?;
        rest = end.strip_prefix(br#"","success":true,"errors":[]}"#)?;
    }
    (rest == b"]").then_some(())
}

fn read_items(body: &[u8], expected: usize) -> Option<Vec<Item>> {
    // As a rule each result can be read; else one by one, so that a strange one is the only one.
    if let Ok(items) = serde_json::from_slice::<Vec<ItemText>>(body) {
        return (items.len() == expected).then(|| items.into_iter().map(Item::from).collect());
    }
    let items: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
    let item = |raw: &RawValue| {
        let text: Option<ItemText> = serde_json::from_str(raw.get()).ok();
        text.map_or(Item::Unreadable, Item::from)
    };
    (items.len() == expected).then(|| items.into_iter().map(item).collect())
}

/// Reads the first error of an answer that is not a success.
pub(crate) fn first_error(body: &[u8]) -> Option<Refusal> {
    let errors: Vec<ErrorText> = serde_json::from_slice(body).ok()?;
    errors.into_iter().next().map(Refusal::from)
}

impl From<ItemText> for Item {
    fn from(item: ItemText) -> Self {
        match item.errors.into_iter().next() {
            _ if item.success => Self::Created,
            Some(error) => Self::Failed(error.into()),
            None => Self::Unreadable,
        }
    }
}

impl From<ErrorText> for Refusal {
    fn from(error: ErrorText) -> Self {
        Self {
            code: error.code,
            message: error.message.unwrap_or_default(),
            fields: error.fields.unwrap_or_default(),
        }
    }
}

/// Which field a `DUPLICATE_VALUE` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DuplicateOf {
    /// Our external id: the Case exists.
    OurField,
    /// Another unique field: the Case does not exist and cannot be created.
    AnotherField,
    /// The answer does not say.
    Unknown,
}

/// Finds the field of a duplicate. `fields` is usually empty, and then only the message has it:
/// `duplicate value found: TT_Event_Id__c duplicates value on record with id: 500..`, sometimes with
/// `<unknown>` in its place, or in another language.
pub(crate) fn duplicate_of(refusal: &Refusal, our_field: &str) -> DuplicateOf {
    let ours = |name: &str| name.eq_ignore_ascii_case(our_field);
    if !refusal.fields.is_empty() {
        return if refusal.fields.iter().any(|name| ours(name)) {
            DuplicateOf::OurField
        } else {
            DuplicateOf::AnotherField
        };
    }
    let named = refusal
        .message
        .split_once("duplicate value found: ")
        .and_then(|(_, rest)| rest.split_once(" duplicates value"));
    match named {
        Some((name, _)) if ours(name.trim()) => DuplicateOf::OurField,
        Some((name, _)) if !name.contains('<') => DuplicateOf::AnotherField,
        _ => DuplicateOf::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "TT_Event_Id__c";

    fn duplicate(message: &str, fields: &[&str]) -> DuplicateOf {
        let mut refusal = Refusal::new("DUPLICATE_VALUE", message);
        refusal.fields = fields.iter().map(|&name| name.to_owned()).collect();
        duplicate_of(&refusal, OURS)
    }

    #[test]
    fn results_are_read_in_order() {
        let body = br#"[{"id": "500A", "success": true, "errors": []},
            {"success": false, "errors": [{"statusCode": "STRING_TOO_LONG", "message": "m", "fields": ["Subject"]}]},
            {"success": false, "errors": []}, 5]"#;
        let items = items(body, 4).unwrap();
        assert_eq!(items[0], Item::Created);
        assert!(
            matches!(&items[1], Item::Failed(r) if r.code == "STRING_TOO_LONG" && r.fields == ["Subject"])
        );
        assert_eq!(items[2..], [Item::Unreadable, Item::Unreadable]);
    }

    #[test]
    fn an_answer_is_read_alike_in_both_ways_whatever_byte_of_it_changes() {
        const CREATED: &str = r#"{"id":"500000000000001AAA","success":true,"errors":[]}"#;
        let body = format!("[{CREATED},{CREATED}]");
        assert!(all_created(body.as_bytes(), 2).is_some());
        let changes = [
            "",
            "\"",
            "\\",
            "[",
            "]",
            "{",
            "}",
            ",",
            " ",
            "0",
            "null",
            "\u{e9}",
            "\"id\":\"\",",
            "false",
            "}]",
        ];
        for at in 0..body.len() {
            for change in changes {
                for end in [at, at + 1] {
                    let other = [&body[..at], change, &body[end..]].concat();
                    for expected in 0..4 {
                        let read = read_items(other.as_bytes(), expected);
                        assert_eq!(items(other.as_bytes(), expected), read, "{other}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_answer_of_the_wrong_length_says_nothing() {
        assert!(items(br#"[{"success": true}]"#, 2).is_none());
        assert!(items(b"<html>", 1).is_none());
    }

    #[test]
    fn the_field_of_a_duplicate_is_read_from_the_list_or_the_message() {
        let message = |field| {
            format!("duplicate value found: {field} duplicates value on record with id: 500A")
        };
        assert_eq!(
            duplicate(&message("TT_Event_Id__c"), &[]),
            DuplicateOf::OurField
        );
        assert_eq!(
            duplicate(&message("Ticket__c"), &[]),
            DuplicateOf::AnotherField
        );
        assert_eq!(duplicate(&message("<unknown>"), &[]), DuplicateOf::Unknown);
        assert_eq!(duplicate("doppelter Wert", &[]), DuplicateOf::Unknown);
        assert_eq!(duplicate("", &["tt_event_id__C"]), DuplicateOf::OurField);
        assert_eq!(
            duplicate(&message("TT_Event_Id__c"), &["Ticket__c"]),
            DuplicateOf::AnotherField
        );
    }

    #[test]
    fn debug_hides_the_message() {
        let refusal = Refusal::new("STRING_TOO_LONG", "Subject: value too large: Anna Smith");
        assert!(!format!("{refusal:?}").contains("Anna"));
    }
}
