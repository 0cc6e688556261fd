//! How events become Cases.

use serde_json::{Value, json};
use tt_event::{Json, Source, TtEvent};

use super::*;

fn event() -> TtEvent {
    let source = Source::new("bucket", "incoming/a.csv", "v1", 0);
    TtEvent::new(source, "2025-01-01T00:00:00Z", "r-1", "c-1", "kyc_review")
}

/// The sObject, and its parent.
fn sobject(mapping: &Mapping, event: &TtEvent) -> (String, Option<String>) {
    let mut json = String::new();
    let bytes = event.encode();
    let parent = mapping.write_sobject(&EventView::decode(&bytes).unwrap(), &mut json);
    (json, parent)
}

fn json_of(mapping: &Mapping, event: &TtEvent) -> Value {
    serde_json::from_str(&sobject(mapping, event).0).unwrap()
}

fn refusal(text: &str) -> String {
    Mapping::parse(text, "a test").unwrap_err().to_string()
}

#[test]
fn the_default_mapping_fills_a_case() {
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
fn the_subject_of_the_event_is_preferred_unless_it_is_blank() {
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
fn strings_are_escaped() {
    let mut event = event();
    event.subject = Some(Json::from_text("a \"b\"\n\u{1}"));
    event.details = Some(Json::from_text("\\"));
    let sobject = json_of(&Mapping::shipped().unwrap(), &event);
    assert_eq!(sobject["Subject"], "a \"b\"\n\u{1}");
    assert_eq!(sobject["Description"], "\\");
}

#[test]
fn the_account_is_preferred_as_the_parent() {
    let parent = |fields: &str| {
        let text = format!(r#"{{"external_id": "Key__c", "fields": {{{fields}}}}}"#);
        sobject(&Mapping::parse(&text, "a test").unwrap(), &event()).1
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
    assert_eq!(
        parent(r#""ParentId": "{customer_id} \"a\"""#).as_deref(),
        Some("c-1 \"a\"")
    );
    assert_eq!(parent(r#""AccountId": 5"#), None);
    assert_eq!(parent(r#""AccountId": "{branch}""#), None);
}

#[test]
fn errors_contain_the_place_of_the_mistake() {
    let head = "external_id = \"E__c\"\n[fields]\n";
    let fields = |line: &str| refusal(&format!("{head}{line}"));
    assert!(fields("Subject = \"{oops\"").contains("field `Subject`: a single brace"));
    assert!(fields("Subject = \"{}\"").contains("`{}` in `{}` names no event field"));
    assert!(fields("\"Sub ject\" = \"x\"").contains("`Sub ject` is not the name"));
    assert!(fields("e__C = \"x\"").contains("`e__C` is the external id"));
    assert!(fields("Subject = { table = 1 }").contains("a field is a template, a list"));
    let twice = "P = { from = \"r\", values = { HIGH = \"a\", high = \"b\" } }";
    assert!(fields(twice).contains("occurs twice"));
    assert!(refusal("[fields]").contains("missing field `external_id`"));
    assert!(refusal("{").contains("line 1 column 1"));
}
