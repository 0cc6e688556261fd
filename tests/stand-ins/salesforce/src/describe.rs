//! `GET sobjects/Case/describe`: the fields of Case.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    EXTERNAL_ID,
    field::{FIELDS, Kind},
    reply::Reply,
    rules::Rules,
};

pub(crate) fn describe(rules: &Rules) -> Reply {
    let custom = rules.custom_fields.iter();
    let custom = custom.map(|name| (name.as_str(), Kind::Custom));
    let fields: Vec<Value> = FIELDS
        .iter()
        .copied()
        .chain(custom)
        .map(|(name, kind)| field(name, kind, rules))
        .collect();
    let body = json!({ "name": "Case", "label": "Case", "keyPrefix": "500", "fields": fields });
    Reply::new(StatusCode::OK, body)
}

fn field(name: &str, kind: Kind, rules: &Rules) -> Value {
    let (soap_type, length) = match kind {
        Kind::Text(length) => ("string", length),
        Kind::Email(length) => ("email", length),
        Kind::Boolean => ("boolean", 0),
        Kind::Reference => ("reference", 18),
        Kind::DateTime => ("datetime", 0),
        Kind::ReadOnly | Kind::Custom => ("string", 255),
    };
    let is_key = name == EXTERNAL_ID;
    let is_custom = is_key || kind == Kind::Custom;
    json!({
        "name": name, "type": soap_type, "length": length, "createable": kind != Kind::ReadOnly, "nillable": true,
        "custom": is_custom, "externalId": is_key, "unique": is_key && rules.unique_external_id,
    })
}
