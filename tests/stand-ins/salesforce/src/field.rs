//! The fields of Case, and which values of them Salesforce refuses.

use serde_json::{Map, Value};

use crate::{EXTERNAL_ID, record_id, reply::RecordError, rules::Rules};

/// What a field of Case accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text of at most this many UTF-16 code units.
    Text(usize),
    /// The same, in the form of an e-mail address.
    Email(usize),
    Boolean,
    Reference,
    DateTime,
    /// Set by Salesforce only.
    ReadOnly,
    /// A custom field of the [rules](Rules): any scalar.
    Custom,
}

/// The standard fields, from the object reference of Case, and the external id.
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

/// The canonical name and the kind of a field. Names are case-insensitive, as in an org.
pub(crate) fn lookup<'a>(name: &str, rules: &'a Rules) -> Option<(&'a str, Kind)> {
    let standard = FIELDS.iter().copied();
    let custom = rules.custom_fields.iter();
    let mut known = standard.chain(custom.map(|name| (name.as_str(), Kind::Custom)));
    known.find(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// Checks the fields of a new record and returns them by their canonical names, without `attributes`.
pub(crate) fn check(
    sent: &Map<String, Value>,
    rules: &Rules,
) -> Result<Map<String, Value>, RecordError> {
    let mut fields = Map::new();
    for (name, value) in sent.iter().filter(|(name, _)| *name != "attributes") {
        let Some((name, kind)) = lookup(name, rules) else {
            let message = format!("No such column '{name}' on sobject of type Case");
            return Err(RecordError::new("INVALID_FIELD", message, &[]));
        };
        check_value(name, kind, value)?;
        fields.insert(name.to_owned(), value.clone());
    }
    check_required(&fields, rules)?;
    Ok(fields)
}

fn check_required(fields: &Map<String, Value>, rules: &Rules) -> Result<(), RecordError> {
    let required = rules.required_fields.iter().map(String::as_str);
    let missing: Vec<&str> = required
        .filter(|name| fields.get(*name).is_none_or(is_blank))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Required fields are missing: [{}]", missing.join(", "));
    let code = "REQUIRED_FIELD_MISSING";
    Err(RecordError::new(code, message, &missing))
}

fn check_value(name: &str, kind: Kind, value: &Value) -> Result<(), RecordError> {
    match (kind, value) {
        (Kind::ReadOnly, _) => {
            let code = "INVALID_FIELD_FOR_INSERT_UPDATE";
            let message = format!(
                "Unable to create/update fields: {name}. Please check the security settings of this field and \
                 verify that it is read/write for your profile or permission set."
            );
            Err(RecordError::new(code, message, &[name]))
        }
        (_, Value::Null)
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Custom, Value::String(_) | Value::Bool(_) | Value::Number(_)) => Ok(()),
        (Kind::Text(max), Value::String(text)) => check_length(name, text, max),
        (Kind::Email(max), Value::String(text)) => check_email(name, text, max),
        (Kind::Reference, Value::String(text)) => check_reference(name, text),
        (Kind::DateTime, Value::String(text)) if text.parse::<jiff::Timestamp>().is_ok() => Ok(()),
        _ => {
            let code = "INVALID_TYPE_ON_FIELD_IN_RECORD";
            let found = type_name(value);
            let message = format!("{name}: value not of required type: {found}");
            Err(RecordError::new(code, message, &[name]))
        }
    }
}

fn check_length(name: &str, text: &str, max: usize) -> Result<(), RecordError> {
    if text.encode_utf16().count() <= max {
        return Ok(());
    }
    // Salesforce quotes the value.
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

fn check_reference(name: &str, text: &str) -> Result<(), RecordError> {
    if text.is_empty() || record_id::is_id(text) {
        return Ok(());
    }
    let message = format!("{name}: id value of incorrect type: {text}");
    Err(RecordError::new("MALFORMED_ID", message, &[name]))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) | Value::Null => "a string",
    }
}

/// Whether Salesforce treats the value as absent.
pub(crate) fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}
