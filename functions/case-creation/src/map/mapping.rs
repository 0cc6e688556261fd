//! TT event to Case fields, as data: see `case-mapping.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use tt_event::EventView;

use super::template::{Template, push_text, text};
use crate::Error;

#[cfg(test)]
mod tests;

const SHIPPED: &str = include_str!("../../case-mapping.toml");
/// Fields whose record Salesforce locks while it creates the Case, the most contended first.
const PARENTS: [&str; 3] = ["AccountId", "ContactId", "ParentId"];

/// How a TT event becomes a Case.
#[derive(Debug, Clone)]
pub struct Mapping {
    external_id: String,
    /// The sObject up to the event id.
    head: String,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    /// The name as it is written in the sObject, with the punctuation around it.
    key: String,
    /// Its index in [`PARENTS`].
    parent: Option<usize>,
    rule: Rule,
}

#[derive(Debug, Clone)]
enum Rule {
    FirstOf(Vec<Template>),
    Lookup(Lookup),
    /// JSON.
    Constant(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lookup {
    from: String,
    values: BTreeMap<String, String>,
    default: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    external_id: String,
    fields: BTreeMap<String, RuleText>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a field is a template, a list of templates, a table with `from`, `values` and `default`, or a constant"
)]
enum RuleText {
    Template(String),
    FirstOf(Vec<String>),
    Lookup(Lookup),
    Flag(bool),
    Integer(i64),
    Float(f64),
}

impl Mapping {
    /// Reads the default mapping, `case-mapping.toml`.
    ///
    /// # Errors
    ///
    /// When the shipped mapping is invalid; a test prevents that.
    pub fn shipped() -> Result<Self, Error> {
        Self::parse(SHIPPED, "`case-mapping.toml`")
    }

    /// Reads a mapping from TOML or, when it begins with `{`, from JSON; `from` names the source in errors.
    ///
    /// # Errors
    ///
    /// When the text is no mapping; the error contains the reason and its place.
    pub fn parse(text: &str, from: &'static str) -> Result<Self, Error> {
        let document: Result<Document, String> = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| error.to_string())
        } else {
            toml::from_str(text).map_err(|error| error.to_string())
        };
        let mapping = document.and_then(Self::check);
        mapping.map_err(|reason| Error::Mapping { from, reason })
    }

    fn check(document: Document) -> Result<Self, String> {
        let Document {
            external_id,
            fields,
        } = document;
        for name in fields.keys().chain([&external_id]) {
            if !is_api_name(name) {
                return Err(format!("`{name}` is not the name of a Salesforce field"));
            }
        }
        if let Some(name) = fields.keys().find(|f| f.eq_ignore_ascii_case(&external_id)) {
            return Err(format!(
                "`{name}` is the external id and holds the event id"
            ));
        }
        let fields = fields.into_iter().map(|(name, rule)| match rule.check() {
            Ok(rule) => Ok(Field {
                // An API name needs no escape.
                key: format!(",\"{name}\":"),
                parent: PARENTS.iter().position(|parent| *parent == name),
                rule,
            }),
            Err(reason) => Err(format!("field `{name}`: {reason}")),
        });
        Ok(Self {
            head: format!(r#"{{"attributes":{{"type":"Case"}},"{external_id}":"#),
            external_id,
            fields: fields.collect::<Result<_, _>>()?,
        })
    }

    /// The external id field.
    pub fn external_id(&self) -> &str {
        &self.external_id
    }

    /// Appends the sObject of an event. Returns the id of the record that Salesforce locks for it, when a field
    /// contains one.
    pub(crate) fn write_sobject(&self, event: &EventView<'_>, json: &mut String) -> Option<String> {
        json.push_str(&self.head);
        push_text(json, event.event_id());
        let mut parent: Option<(usize, String)> = None;
        for field in &self.fields {
            let before = json.len();
            json.push_str(&field.key);
            let value = json.len();
            if !field.rule.write(event, json) {
                json.truncate(before);
                continue;
            }
            let Some(place) = field.parent else {
                continue;
            };
            // A constant other than a string is no id.
            let written = json.get(value..).unwrap_or_default();
            if parent.as_ref().is_none_or(|(first, _)| place < *first)
                && let Ok(id) = serde_json::from_str(written)
            {
                parent = Some((place, id));
            }
        }
        json.push('}');
        parent.map(|(_, id)| id)
    }
}

impl RuleText {
    fn check(self) -> Result<Rule, String> {
        Ok(match self {
            Self::Template(text) => Rule::FirstOf(vec![Template::parse(&text)?]),
            Self::FirstOf(texts) => {
                let templates = texts.iter().map(|text| Template::parse(text));
                Rule::FirstOf(templates.collect::<Result<_, _>>()?)
            }
            Self::Lookup(lookup) => Rule::Lookup(Lookup {
                values: fold_keys(lookup.values)?,
                ..lookup
            }),
            Self::Flag(value) => Rule::Constant(value.to_string()),
            Self::Integer(value) => Rule::Constant(value.to_string()),
            // NaN and infinity become null.
            Self::Float(value) => Rule::Constant(serde_json::Value::from(value).to_string()),
        })
    }
}

impl Rule {
    /// Appends the value as JSON. Returns false, and appends nothing, when there is none.
    fn write(&self, event: &EventView<'_>, json: &mut String) -> bool {
        match self {
            Self::FirstOf(templates) => {
                templates.iter().any(|template| template.write(event, json))
            }
            Self::Lookup(lookup) => {
                let key = text(event, &lookup.from).map(|key| fold(&key));
                let found = key.and_then(|key| lookup.values.get(&key));
                let value = found.or(lookup.default.as_ref());
                value.inspect(|value| push_text(json, value)).is_some()
            }
            Self::Constant(constant) => {
                json.push_str(constant);
                true
            }
        }
    }
}

fn fold(key: &str) -> String {
    key.trim().to_lowercase()
}

fn fold_keys(values: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, String> {
    let mut folded = BTreeMap::new();
    for (key, value) in values {
        if folded.insert(fold(&key), value).is_some() {
            return Err(format!(
                "`{key}` occurs twice; keys are compared without regard to case"
            ));
        }
    }
    Ok(folded)
}

/// Letters, digits and `_`, a letter first.
fn is_api_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
