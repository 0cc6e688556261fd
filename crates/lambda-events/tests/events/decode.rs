//! Every form in which S3 events reach a function, from the recorded events in `tests/events` and from variations.

use std::{fs, path::Path};

use lambda_events::{Error, MAX_BYTES, MAX_NOTICES, Message, Notice, Object, decode};
use serde_json::{Value, json};

const BUCKET: &str = "tt-demo-123456789012-eu-central-1";

fn recorded(name: &str) -> String {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/events");
    fs::read_to_string(events.join(name)).unwrap()
}

fn record(key: &str) -> Value {
    json!({
        "eventVersion": "2.6",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": "bucket"},
            "object": {"key": key, "size": 7, "eTag": "\"abc\"", "versionId": "v1"},
        },
    })
}

fn notification(keys: &[&str]) -> Value {
    let records: Vec<Value> = keys.iter().map(|key| record(key)).collect();
    json!({"Records": records})
}

fn sqs(id: &str, body: &impl ToString) -> Value {
    json!({"eventSource": "aws:sqs", "messageId": id, "body": body.to_string()})
}

/// A short text for each notice.
fn summary(message: &Message) -> Vec<String> {
    let notice = |notice: &Result<Notice, Error>| match notice {
        Ok(Notice::Created(object)) => object.key.clone(),
        Ok(Notice::TestEvent) => "test event".to_owned(),
        Ok(Notice::Other(other)) => other.event.clone(),
        Ok(Notice::Document(document)) => format!("document {document}"),
        Err(error) => error.to_string(),
    };
    message.notices.iter().map(notice).collect()
}

fn only(payload: &impl ToString) -> Vec<String> {
    let messages = decode(&payload.to_string());
    let [message] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    summary(message)
}

fn only_error(record: &Value) -> Error {
    let mut messages = decode(&json!({"Records": [record]}).to_string());
    messages.remove(0).notices.remove(0).unwrap_err()
}

#[test]
fn every_recorded_form_yields_the_uploaded_object() {
    for name in [
        "s3.json",
        "s3-version-2-6.json",
        "s3-by-event-bridge.json",
        "s3-by-event-bridge-and-sqs.json",
        "s3-by-sns.json",
        "s3-by-sns-and-sqs.json",
        "s3-by-sqs.json",
    ] {
        let mut messages = decode(&recorded(name));
        let Ok(Notice::Created(object)) = messages.remove(0).notices.remove(0) else {
            panic!("{name}")
        };
        let expected = Object {
            bucket: BUCKET.to_owned(),
            key: "incoming/März 2026+new.jsonl".to_owned(),
            version_id: Some("096fKKXTRTtl3on89fVO.nfljtsv6qko".to_owned()),
            e_tag: Some("0123456789abcdef".to_owned()),
            size: Some(186),
        };
        assert_eq!(object, expected, "{name}");
        assert!(messages.is_empty(), "{name}");
    }
}

#[test]
fn versions_are_absent_where_the_bucket_has_none() {
    for name in ["s3-without-versions.json", "s3-suspended-versions.json"] {
        let mut messages = decode(&recorded(name));
        let Ok(Notice::Created(object)) = messages.remove(0).notices.remove(0) else {
            panic!("{name}")
        };
        assert_eq!(object.version_id, None, "{name}");
    }
}

#[test]
fn only_messages_of_a_queue_have_ids() {
    let messages = decode(&recorded("s3-by-sqs-two-messages.json"));
    let ids: Vec<_> = messages
        .iter()
        .map(|message| message.id.is_some())
        .collect();
    assert_eq!(ids, [true, true]);
    assert_eq!(summary(&messages[1]), ["incoming/second.jsonl.gz"]);
    assert_eq!(decode(&recorded("s3-two-records.json"))[0].id, None);
}

#[test]
fn events_without_a_created_object_are_reported_as_such() {
    assert_eq!(only(&recorded("s3-test-event.json")), ["test event"]);
    assert_eq!(only(&recorded("s3-test-event-by-sqs.json")), ["test event"]);
    let deleted = recorded("s3-by-event-bridge-deleted.json");
    assert_eq!(only(&deleted), ["Object Deleted"]);
    let mut removed = record("a");
    removed["eventName"] = json!("ObjectRemoved:Delete");
    assert_eq!(
        only(&json!({"Records": [removed]})),
        ["ObjectRemoved:Delete"]
    );
    let deleted = json!({"source": "aws.s3", "detail-type": "Object Deleted", "detail": {}});
    assert_eq!(only(&deleted), ["Object Deleted"]);
}

#[test]
fn a_failed_asynchronous_invocation_contains_the_original_event() {
    let report = json!({
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": notification(&["a", "b"]),
    });
    assert_eq!(only(&report), ["a", "b"]);
    assert_eq!(only(&json!({"Records": [sqs("1", &report)]})), ["a", "b"]);
    let topic = json!({"Type": "Notification", "Message": report.to_string()});
    assert_eq!(only(&json!({"Records": [sqs("1", &topic)]})), ["a", "b"]);
    let bus = json!({"source": "lambda", "detail-type": "Lambda Function Invocation Result - Failure",
        "detail": report});
    assert_eq!(only(&bus), ["a", "b"]);
}

#[test]
fn a_malformed_record_does_not_affect_the_others() {
    for malformed in [
        record("%FF"),
        json!({"eventSource": "aws:s3"}),
        json!(7),
        json!({}),
    ] {
        let payload = json!({"Records": [record("a"), malformed, record("c")]});
        let notices = only(&payload);
        assert_eq!(
            (notices.len(), &*notices[0], &*notices[2]),
            (3, "a", "c"),
            "{payload}"
        );
    }
}

#[test]
fn a_malformed_message_does_not_affect_the_others() {
    let payload = json!({"Records": [
        sqs("1", &notification(&["a"])), sqs("2", &"?"), json!({"eventSource": "aws:sqs", "messageId": "3"}),
    ]});
    let messages = decode(&payload.to_string());
    let all: Vec<_> = messages
        .iter()
        .map(|m| (m.id.as_deref().unwrap(), summary(m)))
        .collect();
    let not_json = || vec![Error::NotJson.to_string()];
    assert_eq!(
        all,
        [
            ("1", vec!["a".to_owned()]),
            ("2", not_json()),
            ("3", not_json())
        ]
    );
}

#[test]
fn a_record_without_a_required_field_names_it() {
    let missing = |path: &str, field| {
        let mut incomplete = record("a");
        *incomplete.pointer_mut(path).unwrap() = Value::Null;
        assert_eq!(only_error(&incomplete), Error::Missing { field });
    };
    missing("/eventName", "eventName");
    missing("/s3/bucket/name", "s3.bucket.name");
    missing("/s3/object/key", "s3.object.key");
    assert_eq!(
        only_error(&record("")),
        Error::Missing {
            field: "s3.object.key"
        }
    );
}

#[test]
fn an_unsupported_major_version_is_an_error() {
    let mut next = record("a");
    next["eventVersion"] = json!("3.0");
    let version = "3.0".to_owned();
    assert_eq!(only_error(&next), Error::Version { version });
}

#[test]
fn documents_of_other_forms_are_returned_unchanged() {
    for document in [
        json!({"schema": "own/1", "source": {"bucket": "b"}, "Message": 5, "Type": []}),
        json!({"Records": [{"kinesis": {"data": ""}}]}),
        json!({"Records": []}),
        json!(["aws.s3"]),
        json!("text"),
    ] {
        let expected = format!("document {document}");
        assert_eq!(only(&document), [&*expected]);
        let queue = json!({"Records": [sqs("1", &document)]});
        assert_eq!(only(&queue), [&*expected]);
    }
}

#[test]
fn nesting_is_limited() {
    let nested = |levels| {
        let wrap = |inner: Value, _| json!({"Type": "Notification", "Message": inner.to_string()});
        (0..levels).fold(notification(&["a"]), wrap)
    };
    assert_eq!(only(&nested(5)), ["a"]);
    assert_eq!(only(&nested(6)), [Error::TooDeep.to_string()]);
}

#[test]
fn size_and_number_of_notices_are_limited() {
    let large = " ".repeat(MAX_BYTES + 1);
    assert_eq!(only(&large), [Error::TooLarge.to_string()]);
    let all = notification(&vec!["a"; MAX_NOTICES]);
    assert_eq!(only(&all).len(), MAX_NOTICES);
    let more = notification(&vec!["a"; MAX_NOTICES + 500]);
    let notices = only(&more);
    assert_eq!(notices.len(), MAX_NOTICES + 1);
    assert_eq!(notices[MAX_NOTICES], Error::TooMany.to_string());
    let half = notification(&vec!["a"; MAX_NOTICES / 2 + 1]);
    let queue = json!({"Records": [sqs("1", &half), sqs("2", &half), sqs("3", &"{}")]});
    let messages = decode(&queue.to_string());
    let is_complete = |message: &Message| message.notices.iter().all(Result::is_ok);
    let complete: Vec<_> = messages.iter().map(is_complete).collect();
    assert_eq!(complete, [true, false, false]);
}
