//! TT event to Case fields, as data: see `case-mapping.toml`.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use tt_event::EventView;

use crate::{
    Error,
    case::SObject,
    template::{Template, text},
};

const SHIPPED: &str = include_str!("../case-mapping.toml");
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
    /// The name as it stands in the sObject, with all around it.
    key: String,
    /// Its place among [`PARENTS`].
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

enum FieldValue<'a> {
    Text(Cow<'a, str>),
    Json(&'a str),
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
    /// When the shipped mapping is not one; a test keeps that from happening.
    pub fn shipped() -> Result<Self, Error> {
        Self::parse(SHIPPED, "`case-mapping.toml`")
    }

    /// Reads a mapping from TOML or, when it begins with `{`, from JSON; `from` names the source in errors.
    ///
    /// # Errors
    ///
    /// Says what is wrong, and where.
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
                // The name of a field needs no escape.
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

    /// Makes the sObject of an event.
    pub(crate) fn sobject(&self, event: &EventView<'_>) -> SObject {
        let mut json = Vec::with_capacity(256);
        json.extend_from_slice(self.head.as_bytes());
        push_text(&mut json, event.event_id());
        let mut parent: Option<(usize, String)> = None;
        for field in &self.fields {
            let Some(value) = field.rule.value(event) else {
                continue;
            };
            json.extend_from_slice(field.key.as_bytes());
            match value {
                FieldValue::Json(constant) => json.extend_from_slice(constant.as_bytes()),
                FieldValue::Text(text) => {
                    push_text(&mut json, &text);
                    let before = parent.as_ref().map(|(place, _)| *place);
                    if let Some(place) = field.parent
                        && before.is_none_or(|before| place < before)
                    {
                        parent = Some((place, text.into_owned()));
                    }
                }
            }
        }
        json.push(b'}');
        SObject {
            json,
            parent: parent.map(|(_, parent)| parent),
        }
    }
}

#[expect(clippy::expect_used, reason = "a text is JSON, and a vector takes it")]
fn push_text(json: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(json, text).expect("a text is JSON");
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
            // What is no number is null.
            Self::Float(value) => Rule::Constant(serde_json::Value::from(value).to_string()),
        })
    }
}

impl Rule {
    fn value<'a>(&'a self, event: &'a EventView<'_>) -> Option<FieldValue<'a>> {
        match self {
            Self::FirstOf(templates) => templates
                .iter()
                .find_map(|template| template.render(event))
                .map(FieldValue::Text),
            Self::Lookup(lookup) => {
                let key = text(event, &lookup.from).map(|key| fold(&key));
                let found = key.and_then(|key| lookup.values.get(&key));
                let value = found.or(lookup.default.as_ref())?;
                Some(FieldValue::Text(Cow::Borrowed(value)))
            }
            Self::Constant(json) => Some(FieldValue::Json(json)),
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
            return Err(format!("`{key}` stands twice, case is not looked at"));
        }
    }
    Ok(folded)
}

/// Letters, digits and `_`, a letter first.
fn is_api_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tt_event::{Json, Source, TtEvent};

    use super::*;

    fn event() -> TtEvent {
        let source = Source::new("bucket", "incoming/a.csv", "v1", 0);
        TtEvent::new(source, "2025-01-01T00:00:00Z", "r-1", "c-1", "kyc_review")
    }

    fn sobject(mapping: &Mapping, event: &TtEvent) -> SObject {
        mapping.sobject(&EventView::decode(&event.encode()).unwrap())
    }

    fn json_of(mapping: &Mapping, event: &TtEvent) -> Value {
        serde_json::from_slice(&sobject(mapping, event).json).unwrap()
    }

    fn refusal(text: &str) -> String {
        Mapping::parse(text, "a test").unwrap_err().to_string()
    }

    #[test]
    fn the_default_fills_a_case() {
        let mut event = event();
        event.details = Some(Json::from_text("Passport expired."));
        event.risk_rating = Some(Json::from_text(" high"));
        let expected = json!({
            "attributes": { "type": "Case" },
            "TT_Event_Id__c": event.event_id.as_str(),
            "Subject": "kyc_review for customer c-1",
            "Description": "Passport expired.",
            "Origin": "TT",
            "Priority": "High",
        });
        assert_eq!(json_of(&Mapping::shipped().unwrap(), &event), expected);
    }

    #[test]
    fn a_subject_of_the_event_wins_and_blank_is_none() {
        let mapping = Mapping::shipped().unwrap();
        let mut event = event();
        event.subject = Some(Json::from_text("Look at this"));
        assert_eq!(json_of(&mapping, &event)["Subject"], "Look at this");
        event.subject = Some(Json::from_text("  "));
        assert_eq!(
            json_of(&mapping, &event)["Subject"],
            "kyc_review for customer c-1"
        );
    }

    #[test]
    fn each_risk_rating_has_its_priority_and_others_the_default() {
        let mapping = Mapping::shipped().unwrap();
        let cases = [
            ("HIGH", "High"),
            ("MEDIUM", "Medium"),
            ("LOW", "Low"),
            ("?", "Medium"),
        ];
        for (rating, priority) in cases {
            let mut event = event();
            event.risk_rating = Some(Json::from_text(rating));
            assert_eq!(json_of(&mapping, &event)["Priority"], priority, "{rating}");
        }
        assert_eq!(json_of(&mapping, &event())["Priority"], "Medium");
    }

    #[test]
    fn a_field_without_a_value_is_left_out() {
        let sobject = json_of(&Mapping::shipped().unwrap(), &event());
        assert!(sobject.get("Description").is_none());
    }

    #[test]
    fn a_mapping_may_be_json_with_constants_and_other_columns() {
        let text = r#"{"external_id": "Key__c", "fields": {
            "Urgent__c": true, "Score__c": 5, "Share__c": 0.5, "Subject": "{{{branch}}} {customer_id}"}}"#;
        let mut event = event();
        event
            .extra
            .insert("branch".to_owned(), Json::from_text("Oslo"));
        let sobject = json_of(&Mapping::parse(text, "a test").unwrap(), &event);
        assert_eq!(sobject["Urgent__c"], true);
        assert_eq!(sobject["Score__c"], 5);
        assert_eq!(sobject["Share__c"], 0.5);
        assert_eq!(sobject["Subject"], "{Oslo} c-1");
        assert_eq!(sobject["Key__c"], event.event_id.as_str());
    }

    #[test]
    fn texts_are_escaped() {
        let mut event = event();
        event.subject = Some(Json::from_text("a \"b\"\n\u{1}"));
        event.details = Some(Json::from_text("\\"));
        let sobject = json_of(&Mapping::shipped().unwrap(), &event);
        assert_eq!(sobject["Subject"], "a \"b\"\n\u{1}");
        assert_eq!(sobject["Description"], "\\");
    }

    #[test]
    fn the_account_is_the_parent_before_all_others() {
        let parent = |fields: &str| {
            let text = format!(r#"{{"external_id": "Key__c", "fields": {{{fields}}}}}"#);
            sobject(&Mapping::parse(&text, "a test").unwrap(), &event()).parent
        };
        let account = r#""AccountId": "001A""#;
        let both = format!(r#""ParentId": "500A", {account}"#);
        assert_eq!(parent(&both).as_deref(), Some("001A"));
        let all = format!(r#""ContactId": "003A", {both}"#);
        assert_eq!(parent(&all).as_deref(), Some("001A"));
        assert_eq!(
            parent(r#""ParentId": "5", "ContactId": "3""#).as_deref(),
            Some("3")
        );
        assert_eq!(
            parent(r#""ParentId": "{customer_id}""#).as_deref(),
            Some("c-1")
        );
        assert_eq!(parent(r#""AccountId": 5"#), None);
        assert_eq!(parent(r#""AccountId": "{branch}""#), None);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let head = "external_id = \"E__c\"\n[fields]\n";
        let fields = |line: &str| refusal(&format!("{head}{line}"));
        assert!(fields("Subject = \"{oops\"").contains("field `Subject`: a single brace"));
        assert!(fields("Subject = \"{}\"").contains("`{}` in `{}` names no event field"));
        assert!(fields("\"Sub ject\" = \"x\"").contains("`Sub ject` is not the name"));
        assert!(fields("e__C = \"x\"").contains("`e__C` is the external id"));
        assert!(fields("Subject = { table = 1 }").contains("a field is a template, a list"));
        let twice = "P = { from = \"r\", values = { HIGH = \"a\", high = \"b\" } }";
        assert!(fields(twice).contains("stands twice"));
        assert!(refusal("[fields]").contains("missing field `external_id`"));
        assert!(refusal("{").contains("line 1 column 1"));
    }
}
