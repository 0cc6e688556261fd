//! A view equals the event decoded from the same bytes.

use std::mem::discriminant;

use super::*;
use crate::{DecodeError, Json, Source, TtEvent};

const FIELDS: [&str; 14] = [
    "event_id",
    "produced_at",
    "record_id",
    "customer_id",
    "event_type",
    "risk_rating",
    "occurred_at",
    "subject",
    "details",
    "balance",
    "source",
    "clos\u{e9}d",
    "absent",
    "extra",
];

fn event() -> String {
    let source = Source::new("bucket", "incoming/a \"b\".csv", "v1", 3);
    let time = "2025-01-01T00:00:00Z";
    let mut event = TtEvent::new(source, time, "r-1", "c\n1", "kyc_review");
    event.risk_rating = Some(Json::from_text("HI\"GH"));
    event.details = serde_json::from_str(r#"{"street":"Main"}"#).unwrap();
    for (name, value) in [
        ("balance", "1.10"),
        ("source", "\"branch\""),
        ("clos\u{e9}d", "null"),
    ] {
        let value = serde_json::from_str(value).unwrap();
        event.extra.insert(name.to_owned(), value);
    }
    String::from_utf8(event.encode()).unwrap()
}

/// Both types accept the same bytes, reject them for the same reason, and return the same texts.
fn agree(bytes: &[u8]) -> bool {
    match (TtEvent::decode(bytes), EventView::decode(bytes)) {
        (Ok(event), Ok(view)) => {
            assert_eq!(event.event_id.as_str(), view.event_id());
            for field in FIELDS {
                assert_eq!(event.text(field), view.text(field), "{field}");
            }
            true
        }
        (event, view) => {
            // The position may differ, the kind of error may not.
            let kind = |error: Option<DecodeError>| error.map(|error| discriminant(&error));
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(kind(event.err()), kind(view.err()), "{text}");
            false
        }
    }
}

#[test]
fn a_view_returns_the_texts_of_the_event() {
    let text = event();
    assert!(agree(text.as_bytes()));
    for (from, to) in [
        (r#""extra":{"#, r#""extra":{"balance":7,"#),
        ("c\\n1", "c\\u0031"),
        ("{", r#"{"new":[1],"#),
        (r#""risk_rating":"HI\"GH""#, r#""risk_rating":null"#),
    ] {
        assert!(text.contains(from) && agree(text.replacen(from, to, 1).as_bytes()));
    }
    assert!(agree(text.replacen("/1", "/1.4", 1).as_bytes()));
}

#[test]
fn a_view_rejects_the_bytes_that_the_event_rejects() {
    let text = event();
    for (from, to) in [
        ("tt-event/1", "tt-event/2"),
        ("tt-event/1", "other/1"),
        (r#""index":3"#, r#""index":-3"#),
        (r#""version":"v1""#, r#""version":null"#),
        (r#""record_id":"r-1","#, ""),
        (r#""extra":{"#, r#""extra":[],"x":{"#),
        (r#""extra":{"#, r#""extra":null,"x":{"#),
        (r#""customer_id":"c\n1""#, r#""customer_id":["secret"]"#),
    ] {
        let changed = text.replacen(from, to, 1);
        assert!(text.contains(from) && !agree(changed.as_bytes()), "{to}");
    }
    for bytes in [
        &b"{}"[..],
        b"3",
        b"\xff",
        b"",
        br#"{"schema":"tt-event/2","id":1}"#,
    ] {
        assert!(!agree(bytes));
    }
    for end in 0..text.len() {
        assert!(!agree(&text.as_bytes()[..end]));
    }
}

/// An event as producers write it: texts without escapes, and one other field.
fn plain_event() -> String {
    let source = Source::new("bucket", "incoming/a.csv", "v1", 30);
    let mut event = TtEvent::new(source, "2025-01-01T00:00:00Z", "r-1", "c-1", "kyc_review");
    event.risk_rating = Some(Json::from_text("HIGH"));
    event.occurred_at = serde_json::from_str("17").unwrap();
    event.subject = serde_json::from_str("null").unwrap();
    event.details = Some(Json::from_text("Passport, expired}"));
    let value = serde_json::from_str(r#"{"a":["}"]}"#).unwrap();
    event.extra.insert("balance".to_owned(), value);
    String::from_utf8(event.encode()).unwrap()
}

#[test]
fn an_event_without_escapes_is_read_in_the_form_it_is_written() {
    let text = plain_event();
    assert!(regular::read(&text).is_some() && agree(text.as_bytes()));
    let source = Source::new("b", "k", "v", 0);
    let least = TtEvent::new(source, "t", "r", "c", "e").encode();
    assert!(regular::read(str::from_utf8(&least).unwrap()).is_some() && agree(&least));
    assert!(regular::read(&event()).is_none());
    let extra = text.find(r#","extra":"#).unwrap();
    for other in ["[]", "7", "null", "\"{\"", "{}}", "{},\"new\":1"] {
        let other = format!(r#"{},"extra":{other}}}"#, &text[..extra]);
        assert_eq!(
            agree(other.as_bytes()),
            other.ends_with(r#""new":1}"#),
            "{other}"
        );
    }
}

#[test]
fn a_view_equals_the_event_after_any_change_of_a_byte() {
    let text = plain_event();
    let changes = [
        "",
        "\"",
        "\\",
        "\\\"",
        "\\u0031",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\t",
        "\0",
        "null",
        "0",
        "-",
        ".5",
        "e9",
        "\u{e9}",
        ",\"extra\":{}",
        ",\"details\":2",
        "\",\"details\":\"",
    ];
    let mut read = 0;
    for at in 0..text.len() {
        for change in changes {
            for end in [at, at + 1] {
                let other = [&text[..at], change, &text[end..]].concat();
                read += usize::from(agree(other.as_bytes()));
            }
        }
        let mut bytes = text.clone().into_bytes();
        bytes[at] = 0xff;
        assert!(!agree(&bytes));
    }
    assert!(read > 1_000, "{read}");
}

#[test]
fn debug_does_not_show_the_body() {
    let text = event();
    let view = EventView::decode(text.as_bytes()).unwrap();
    assert!(!format!("{view:?}").contains("GH"));
}
