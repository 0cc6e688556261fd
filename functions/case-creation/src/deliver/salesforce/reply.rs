//! The answers of Salesforce, decoded without trust.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::ending::Rejection;

/// The code of an error whose own code has another form than Salesforce uses.
const INVALID_CODE: &str = "INVALID_ERROR_CODE";
/// API names of fields have at most 40 characters, and a namespace and a suffix.
const MAX_NAME_BYTES: usize = 80;
const MAX_FIELDS: usize = 20;
const MAX_MESSAGE_CHARS: usize = 1000;

/// The result of one record of `composite/sobjects`: created, or the error; `None` when it cannot be read.
pub(crate) type RecordReply = Option<Result<(), Rejection>>;

/// A Case that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FoundCase {
    /// The time of its creation by the clock of Salesforce; `None` when the answer does not contain it.
    pub(crate) created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct ItemText {
    success: bool,
    #[serde(default)]
    errors: Vec<ErrorText>,
}

/// Collections name the code `statusCode`, answers for a single record name it `errorCode`.
#[derive(Deserialize)]
struct ErrorText {
    #[serde(rename = "statusCode", alias = "errorCode")]
    code: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    fields: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct CaseText {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "CreatedDate", default)]
    created_date: Option<String>,
}

/// Reads one result for each of `expected` records, in order. `None` when the answer is no such list: then the result of
/// every record is unknown.
pub(crate) fn record_replies(body: &[u8], expected: usize) -> Option<Vec<RecordReply>> {
    // Usually every result can be read. Otherwise they are read one by one, so that an invalid one affects no other.
    if let Ok(items) = serde_json::from_slice::<Vec<ItemText>>(body) {
        return (items.len() == expected).then(|| items.into_iter().map(reply).collect());
    }
    let items: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
    let item = |raw: &RawValue| serde_json::from_str(raw.get()).ok().and_then(reply);
    (items.len() == expected).then(|| items.into_iter().map(item).collect())
}

/// Reads the first error of an answer with an error status.
pub(crate) fn first_error(body: &[u8]) -> Option<Rejection> {
    let errors: Vec<ErrorText> = serde_json::from_slice(body).ok()?;
    errors.into_iter().next().map(Rejection::from)
}

/// Reads a Case; `None` when the body is not the JSON of one.
pub(crate) fn case(body: &[u8]) -> Option<FoundCase> {
    let case: CaseText = serde_json::from_slice(body).ok()?;
    // 15 or 18 characters.
    let is_id =
        (15..=18).contains(&case.id.len()) && case.id.bytes().all(|b| b.is_ascii_alphanumeric());
    is_id.then(|| FoundCase {
        created_at: case.created_date.and_then(|date| parse_date(&date)),
    })
}

/// Whether the body is a list of the addresses of several records, the answer with status 300.
pub(crate) fn is_list_of_cases(body: &[u8]) -> bool {
    let addresses: Result<Vec<String>, _> = serde_json::from_slice(body);
    addresses.is_ok_and(|addresses| !addresses.is_empty())
}

/// Whether an answer with status 404 reports that no record has the external id, and not that the field or the address
/// does not exist.
pub(crate) fn is_no_such_case(rejection: Option<&Rejection>) -> bool {
    rejection.is_some_and(|rejection| {
        rejection.code == "NOT_FOUND" && !rejection.message.contains("external ID field")
    })
}

/// Salesforce writes `2026-01-01T00:00:00.000+0000`.
fn parse_date(date: &str) -> Option<Timestamp> {
    date.parse()
        .or_else(|_| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", date))
        .ok()
}

fn reply(item: ItemText) -> RecordReply {
    match item.errors.into_iter().next() {
        _ if item.success => Some(Ok(())),
        Some(error) => Some(Err(error.into())),
        None => None,
    }
}

impl From<ErrorText> for Rejection {
    /// Codes and field names are written to logs, so only texts of their form are taken over.
    fn from(error: ErrorText) -> Self {
        let mut fields = error.fields.unwrap_or_default();
        fields.retain(|name| is_field_name(name));
        fields.truncate(MAX_FIELDS);
        Self {
            code: error_code(error.code),
            message: shortened(error.message.unwrap_or_default()),
            fields,
        }
    }
}

fn error_code(code: String) -> Cow<'static, str> {
    let is_code = (1..=MAX_NAME_BYTES).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    if is_code {
        Cow::Owned(code)
    } else {
        Cow::Borrowed(INVALID_CODE)
    }
}

fn is_field_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
}

fn shortened(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE_CHARS) {
        message.truncate(end);
    }
    message
}

/// The field that a `DUPLICATE_VALUE` concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DuplicateOf {
    /// Our external id: the Case exists.
    ExternalId,
    /// Another unique field: the Case does not exist and cannot be created.
    AnotherField,
    /// The answer does not name the field.
    Unknown,
}

/// Finds the field of a duplicate. `fields` is usually empty, and then only the message names it:
/// `duplicate value found: TT_Event_Id__c duplicates value on record with id: 500..`, sometimes with
/// `<unknown>` in its place, or in another language.
pub(crate) fn duplicate_of(rejection: &Rejection, external_id: &str) -> DuplicateOf {
    let is_external_id = |name: &str| name.eq_ignore_ascii_case(external_id);
    if !rejection.fields.is_empty() {
        return if rejection.fields.iter().any(|name| is_external_id(name)) {
            DuplicateOf::ExternalId
        } else {
            DuplicateOf::AnotherField
        };
    }
    let named = rejection
        .message
        .split_once("duplicate value found: ")
        .and_then(|(_, rest)| rest.split_once(" duplicates value"));
    match named {
        Some((name, _)) if is_external_id(name.trim()) => DuplicateOf::ExternalId,
        Some((name, _)) if !name.contains('<') => DuplicateOf::AnotherField,
        _ => DuplicateOf::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "TT_Event_Id__c";

    fn duplicate(message: &str, fields: &[&str]) -> DuplicateOf {
        let mut rejection = Rejection::new("DUPLICATE_VALUE", message);
        rejection.fields = fields.iter().map(|&name| name.to_owned()).collect();
        duplicate_of(&rejection, OURS)
    }

    #[test]
    fn results_are_read_in_order() {
        let body = br#"[{"id": "500A", "success": true, "errors": []},
            {"success": false, "errors": [{"statusCode": "STRING_TOO_LONG", "message": "m", "fields": ["Subject"]}]},
            {"success": false, "errors": []}, 5]"#;
        let replies = record_replies(body, 4).unwrap();
        assert_eq!(replies[0], Some(Ok(())));
        assert!(
            matches!(&replies[1], Some(Err(r)) if r.code == "STRING_TOO_LONG" && r.fields == ["Subject"])
        );
        assert_eq!(replies[2..], [None, None]);
    }

    #[test]
    fn codes_and_field_names_of_another_form_are_not_taken_over() {
        for code in [
            "",
            "Bearer 00D!x",
            "A\nB",
            "A B",
            "a",
            "A1",
            &"A".repeat(81),
        ] {
            let body = serde_json::json!([{"errorCode": code, "message": "m"}]);
            let error = first_error(body.to_string().as_bytes()).unwrap();
            assert_eq!(error.code, INVALID_CODE, "{code}");
        }
        let body = serde_json::json!([{
            "statusCode": "STRING_TOO_LONG",
            "message": "\u{e9}".repeat(2000),
            "fields": ["Subject", "a b", "", "x\n{", "ns__X__c", "y".repeat(81)],
        }]);
        let error = first_error(body.to_string().as_bytes()).unwrap();
        assert_eq!(error.fields, ["Subject", "ns__X__c"]);
        assert_eq!(error.message.chars().count(), 1000);
    }

    #[test]
    fn an_answer_of_the_wrong_length_is_unreadable() {
        assert!(record_replies(br#"[{"success": true}]"#, 2).is_none());
        assert!(record_replies(b"<html>", 1).is_none());
    }

    #[test]
    fn only_the_json_of_a_case_is_a_case() {
        let found = case(
            br#"{"attributes": {"type": "Case"}, "Id": "500000000000001AAA", "CreatedDate": "2026-01-01T10:00:00.000+0000"}"#,
        );
        let expected = "2026-01-01T10:00:00Z".parse().ok();
        assert_eq!(
            found,
            Some(FoundCase {
                created_at: expected
            })
        );
        let undated = case(br#"{"Id": "500000000000001"}"#).unwrap();
        assert_eq!(undated.created_at, None);
        for body in [
            "",
            "[]",
            "{}",
            "<html>200 OK</html>",
            "null",
            "\"500000000000001AAA\"",
            r#"{"Id": null}"#,
            r#"{"Id": ""}"#,
            r#"{"Id": "not an id at all"}"#,
            r#"[{"Id": "500000000000001AAA"}]"#,
        ] {
            assert_eq!(case(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn only_the_not_found_of_a_record_is_an_absent_case() {
        let is_absent = |body: &str| is_no_such_case(first_error(body.as_bytes()).as_ref());
        assert!(is_absent(
            r#"[{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]"#
        ));
        for body in [
            "",
            "[]",
            "<html>404</html>",
            r#"{"errorCode": "NOT_FOUND"}"#,
            r#"[{"errorCode": "INVALID_TYPE", "message": ""}]"#,
            r#"[{"errorCode": "NOT_FOUND", "message": "Provided external ID field does not exist or is not accessible: X__c"}]"#,
        ] {
            assert!(!is_absent(body), "{body}");
        }
    }

    #[test]
    fn several_cases_are_a_list_of_addresses() {
        assert!(is_list_of_cases(
            br#"["/services/data/v62.0/sobjects/Case/500A"]"#
        ));
        for body in ["", "[]", "<html>", "{}", "[5]"] {
            assert!(!is_list_of_cases(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn dates_of_salesforce_are_read() {
        let expected: Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
        for date in [
            "2026-01-01T10:00:00.000+0000",
            "2026-01-01T12:00:00.000+0200",
            "2026-01-01T10:00:00Z",
        ] {
            assert_eq!(parse_date(date), Some(expected), "{date}");
        }
    }

    #[test]
    fn the_field_of_a_duplicate_is_read_from_the_list_or_the_message() {
        let message = |field| {
            format!("duplicate value found: {field} duplicates value on record with id: 500A")
        };
        assert_eq!(
            duplicate(&message("TT_Event_Id__c"), &[]),
            DuplicateOf::ExternalId
        );
        assert_eq!(
            duplicate(&message("Ticket__c"), &[]),
            DuplicateOf::AnotherField
        );
        assert_eq!(duplicate(&message("<unknown>"), &[]), DuplicateOf::Unknown);
        assert_eq!(duplicate("doppelter Wert", &[]), DuplicateOf::Unknown);
        assert_eq!(duplicate("", &["tt_event_id__C"]), DuplicateOf::ExternalId);
        assert_eq!(
            duplicate(&message("TT_Event_Id__c"), &["Ticket__c"]),
            DuplicateOf::AnotherField
        );
    }
}
