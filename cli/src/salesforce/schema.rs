//! The fields of Case, and what an org refuses about their values.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::{
    EXTERNAL_ID,
    answer::{ApiError, RecordError},
    record_id,
    world::Rules,
};

/// What a field of Case takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text of at most this many characters.
    Text(usize),
    /// The same, and it looks like an address.
    Email(usize),
    Boolean,
    Reference,
    DateTime,
    /// Set by Salesforce only.
    ReadOnly,
    /// A custom field that the stand-in knows nothing about: any scalar.
    Custom,
}

/// The standard fields (from the object reference of Case) and our external id.
pub(crate) const FIELDS: &[(&str, Kind)] = &[
    ("Id", Kind::ReadOnly),
    ("AccountId", Kind::Reference),
    ("AssetId", Kind::Reference),
    ("BusinessHoursId", Kind::Reference),
    ("CaseNumber", Kind::ReadOnly),
    ("ClosedDate", Kind::ReadOnly),
    ("Comments", Kind::Text(4000)),
    ("ContactEmail", Kind::ReadOnly),
    ("ContactFax", Kind::ReadOnly),
    ("ContactId", Kind::Reference),
    ("ContactMobile", Kind::ReadOnly),
    ("ContactPhone", Kind::ReadOnly),
    ("CreatedById", Kind::ReadOnly),
    ("CreatedDate", Kind::ReadOnly),
    ("Description", Kind::Text(32_000)),
    ("EntitlementId", Kind::Reference),
    ("IsClosed", Kind::ReadOnly),
    ("IsDeleted", Kind::ReadOnly),
    ("IsEscalated", Kind::Boolean),
    ("Language", Kind::Text(40)),
    ("LastModifiedById", Kind::ReadOnly),
    ("LastModifiedDate", Kind::ReadOnly),
    ("LastReferencedDate", Kind::ReadOnly),
    ("LastViewedDate", Kind::ReadOnly),
    ("Origin", Kind::Text(255)),
    ("OwnerId", Kind::Reference),
    ("ParentId", Kind::Reference),
    ("Priority", Kind::Text(255)),
    ("ProductId", Kind::Reference),
    ("Reason", Kind::Text(255)),
    ("RecordTypeId", Kind::Reference),
    ("ServiceContractId", Kind::Reference),
    ("SlaStartDate", Kind::DateTime),
    ("SourceId", Kind::Reference),
    ("Status", Kind::Text(255)),
    ("Subject", Kind::Text(255)),
    ("SuppliedCompany", Kind::Text(80)),
    ("SuppliedEmail", Kind::Email(80)),
    ("SuppliedName", Kind::Text(80)),
    ("SuppliedPhone", Kind::Text(40)),
    ("SystemModstamp", Kind::ReadOnly),
    ("Type", Kind::Text(255)),
    (EXTERNAL_ID, Kind::Text(255)),
];

/// The name of a field as the org spells it, for a query or a list of fields.
pub(crate) fn known(name: &str) -> Result<String, ApiError> {
    field(name).map(|(name, _)| name.to_owned()).ok_or_else(|| {
        let message = format!("No such column '{name}' on entity 'Case'.");
        ApiError::new(StatusCode::BAD_REQUEST, "INVALID_FIELD", message)
    })
}

/// The name and kind of a field; names are case-insensitive, as in an org.
pub(crate) fn field(name: &str) -> Option<(&str, Kind)> {
    let known = FIELDS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    let is_custom = name.len() > 3 && name.to_ascii_lowercase().ends_with("__c");
    known
        .copied()
        .or_else(|| is_custom.then_some((name, Kind::Custom)))
}

/// Checks the fields of one record and gives them their real names; `attributes` is dropped.
pub(crate) fn check(sent: &Map<String, Value>) -> Result<Map<String, Value>, RecordError> {
    let mut fields = Map::new();
    for (name, value) in sent.iter().filter(|(name, _)| *name != "attributes") {
        let Some((name, kind)) = field(name) else {
            let message = format!("No such column '{name}' on sobject of type Case");
            return Err(RecordError::new("INVALID_FIELD", message, &[]));
        };
        check_value(name, kind, value)?;
        fields.insert(name.to_owned(), value.clone());
    }
    Ok(fields)
}

/// Checks that a new record has what this org requires.
pub(crate) fn check_required(
    fields: &Map<String, Value>,
    rules: &Rules,
) -> Result<(), RecordError> {
    let is_missing = |name: &&str| fields.get(*name).is_none_or(is_blank);
    let missing: Vec<&str> = rules
        .required
        .iter()
        .map(String::as_str)
        .filter(is_missing)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Required fields are missing: [{}]", missing.join(", "));
    Err(RecordError::new(
        "REQUIRED_FIELD_MISSING",
        message,
        &missing,
    ))
}

fn check_value(name: &str, kind: Kind, value: &Value) -> Result<(), RecordError> {
    match (kind, value) {
        (Kind::ReadOnly, _) => Err(RecordError::new(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            format!(
                "Unable to create/update fields: {name}. Please check the security settings of this field and \
                 verify that it is read/write for your profile or permission set."
            ),
            &[name],
        )),
        (_, Value::Null)
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Custom, Value::String(_) | Value::Bool(_) | Value::Number(_)) => Ok(()),
        (Kind::Text(max), Value::String(text)) => check_length(name, text, max),
        (Kind::Email(max), Value::String(text)) => check_email(name, text, max),
        (Kind::Reference, Value::String(text)) if text.is_empty() || record_id::is_id(text) => {
            Ok(())
        }
        (Kind::Reference, Value::String(text)) => {
            let message = format!("{name}: id value of incorrect type: {text}");
            Err(RecordError::new("MALFORMED_ID", message, &[name]))
        }
        (Kind::DateTime, Value::String(text)) if text.parse::<jiff::Timestamp>().is_ok() => Ok(()),
        _ => Err(RecordError::new(
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            wrong_type(name, value),
            &[name],
        )),
    }
}

fn check_length(name: &str, text: &str, max: usize) -> Result<(), RecordError> {
    // A real org counts UTF-16 units, and it does quote the value.
    if text.encode_utf16().count() <= max {
        return Ok(());
    }
    let message = format!("{name}: data value too large: {text} (max length={max})");
    Err(RecordError::new("STRING_TOO_LONG", message, &[name]))
}

fn check_email(name: &str, text: &str, max: usize) -> Result<(), RecordError> {
    let is_address = |(local, host): (&str, &str)| !local.is_empty() && host.contains('.');
    if !text.is_empty() && !text.split_once('@').is_some_and(is_address) {
        let message = format!("{name}: invalid email address: {text}");
        return Err(RecordError::new("INVALID_EMAIL_ADDRESS", message, &[name]));
    }
    check_length(name, text, max)
}

fn wrong_type(name: &str, value: &Value) -> String {
    let found = match value {
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) | Value::Null => "a string",
    };
    format!("{name}: value not of required type: {found}")
}

pub(crate) fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}
