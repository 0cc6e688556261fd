//! How Case Creation is told of discarded batches: by S3, directly or through a topic or a queue, by Lambda
//! about an invocation that failed, or by an operator.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Error,
    discarded::{Discarded, InvocationRecord, Object, unreadable},
};

/// A topic in a queue in what Lambda tells of a failed invocation, and one to spare.
const WRAPPERS: usize = 4;

/// A message of a queue, and what it tells of.
#[derive(Debug)]
pub struct Message {
    pub(crate) id: String,
    pub(crate) told: Vec<Told>,
}

/// One discarded batch, or why it cannot be known. Each stands for itself.
pub(crate) type Told = Result<Discarded, Error>;

#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(rename = "Records", borrow)]
    records: Option<Vec<&'a RawValue>>,
    #[serde(rename = "KinesisBatchInfo", borrow)]
    batch_info: Option<&'a RawValue>,
    #[serde(rename = "Event")]
    event: Option<String>,
    /// What a topic puts into a queue.
    #[serde(rename = "Message")]
    message: Option<String>,
    /// The event of an asynchronous invocation that failed.
    #[serde(rename = "requestPayload", borrow)]
    request_payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RecordShape<'a> {
    #[serde(rename = "eventSource", alias = "EventSource")]
    event_source: String,
    #[serde(borrow)]
    s3: Option<&'a RawValue>,
    #[serde(rename = "Sns", borrow)]
    sns: Option<&'a RawValue>,
    #[serde(rename = "messageId")]
    message_id: Option<String>,
    body: Option<String>,
}

#[derive(Deserialize)]
struct Sns {
    #[serde(rename = "Message")]
    message: String,
}

#[derive(Deserialize)]
struct ObjectPlace {
    bucket: Bucket,
    object: ObjectText,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectText {
    key: String,
    version_id: Option<String>,
}

/// Reads the JSON of an event that is no batch of Kinesis; `None` when it is nothing of the kind.
pub(crate) fn told(text: &str) -> Option<Vec<Told>> {
    read(text, WRAPPERS)
}

/// Reads the messages of an event of a queue; `None` when it is none.
pub(crate) fn messages(text: &str) -> Option<Vec<Message>> {
    let records = serde_json::from_str::<Shape<'_>>(text).ok()?.records?;
    let message = |raw: &RawValue| {
        let record: RecordShape<'_> = serde_json::from_str(raw.get()).ok()?;
        let id = record
            .message_id
            .filter(|_| record.event_source == "aws:sqs")?;
        let told = record.body.and_then(|body| read(&body, WRAPPERS));
        let strange = || vec![Err(unreadable(&format!("message `{id}`"), NOTHING))];
        Some(Message {
            told: told.unwrap_or_else(strange),
            id,
        })
    };
    let messages: Option<Vec<Message>> = records.into_iter().map(message).collect();
    messages.filter(|messages| !messages.is_empty())
}

const NOTHING: &str = "it tells of no object of a bucket and is no invocation record of Lambda";

fn read(text: &str, wrappers: usize) -> Option<Vec<Told>> {
    let shape: Shape<'_> = serde_json::from_str(text).ok()?;
    let inner = wrappers.checked_sub(1)?;
    if shape.batch_info.is_some() {
        let record = InvocationRecord::read(text.as_bytes(), "the event");
        return Some(vec![
            record.map(|record| Discarded::Record(Box::new(record))),
        ]);
    }
    // S3 sends it when notifications are set up.
    if shape.event.is_some_and(|event| event == "s3:TestEvent") {
        return Some(Vec::new());
    }
    if let Some(event) = shape.request_payload {
        return read(event.get(), inner);
    }
    if let Some(message) = shape.message {
        return read(&message, inner);
    }
    let records = shape.records.filter(|records| !records.is_empty())?;
    // What the first one is, all are; one that is not tells of nothing.
    source(records.first()?)?;
    let told = records.iter().flat_map(|record| {
        let nothing = || vec![Err(unreadable("a notification", NOTHING))];
        source(record)
            .and_then(|record| record.read(inner))
            .unwrap_or_else(nothing)
    });
    Some(told.collect())
}

/// A record of S3 or of a topic.
fn source(raw: &RawValue) -> Option<RecordShape<'_>> {
    let record: RecordShape<'_> = serde_json::from_str(raw.get()).ok()?;
    matches!(&*record.event_source, "aws:s3" | "aws:sns").then_some(record)
}

impl RecordShape<'_> {
    fn read(&self, wrappers: usize) -> Option<Vec<Told>> {
        if let Some(sns) = self.sns {
            let sns: Sns = serde_json::from_str(sns.get()).ok()?;
            return read(&sns.message, wrappers);
        }
        let place: ObjectPlace = serde_json::from_str(self.s3?.get()).ok()?;
        Some(vec![place.object().map(Discarded::Object)])
    }
}

impl ObjectPlace {
    /// The object, its key decoded: S3 writes a blank as `+` and encodes the rest in percent.
    fn object(self) -> Result<Object, Error> {
        let key = self.object.key.replace('+', " ");
        match percent_decode_str(&key).decode_utf8() {
            Ok(key) => Ok(Object {
                bucket: self.bucket.name,
                key: key.into_owned(),
                version: self.object.version_id,
            }),
            Err(_) => Err(unreadable("a notification", "its key is no UTF-8")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of_s3(key: &str) -> Value {
        json!({"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"},
            "object": {"key": key, "versionId": "v"}}})
    }

    /// The keys of the objects that are told of, and nothing for each that is not readable.
    fn keys(told: &[Told]) -> Vec<&str> {
        let key = |told: &Told| match told {
            Ok(Discarded::Object(object)) => object.key.clone(),
            Ok(Discarded::Record(_)) => "record".to_owned(),
            Err(_) => String::new(),
        };
        told.iter().map(|told| &*key(told).leak()).collect()
    }

    #[test]
    fn keys_are_decoded() {
        let event = json!({"Records": [of_s3("aws/lambda/a+b/2026-01-01T00.00.00-%C3%A4")]});
        let told = told(&event.to_string()).unwrap();
        let Ok(Discarded::Object(object)) = &told[0] else {
            panic!("{told:?}");
        };
        assert_eq!(object.key, "aws/lambda/a b/2026-01-01T00.00.00-ä");
        assert_eq!(
            (&*object.bucket, object.version.as_deref()),
            ("b", Some("v"))
        );
    }

    #[test]
    fn a_strange_record_of_a_notification_leaves_the_others_readable() {
        for strange in [
            of_s3("%FF"),
            json!({"eventSource": "aws:s3"}),
            json!(7),
            json!({}),
        ] {
            let event = json!({"Records": [of_s3("a"), strange, of_s3("c")]});
            let told = told(&event.to_string()).unwrap();
            assert_eq!(keys(&told), ["a", "", "c"], "{event}");
        }
    }

    #[test]
    fn topics_and_failed_invocations_are_unwrapped() {
        let s3 = json!({"Records": [of_s3("a"), of_s3("b")]});
        let topic = json!({"Type": "Notification", "Message": s3.to_string()});
        let sns = json!({"EventSource": "aws:sns", "Sns": topic});
        let failed =
            json!({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": s3});
        for event in [&topic, &json!({"Records": [sns]}), &failed] {
            assert_eq!(
                keys(&told(&event.to_string()).unwrap()),
                ["a", "b"],
                "{event}"
            );
        }
        let deep = (0..9).fold(s3, |inner, _| json!({"Message": inner.to_string()}));
        assert!(told(&deep.to_string()).is_none());
    }

    #[test]
    fn each_message_of_a_queue_stands_for_itself() {
        let message = |id: &str, body: String| json!({"eventSource": "aws:sqs", "messageId": id, "body": body});
        let s3 = json!({"Records": [of_s3("a")]}).to_string();
        let record = json!({"KinesisBatchInfo": {}, "payload": "{}"}).to_string();
        let event =
            json!({"Records": [message("1", s3), message("2", "?".into()), message("3", record)]});
        let messages = messages(&event.to_string()).unwrap();
        let all: Vec<_> = messages.iter().map(|m| (&*m.id, keys(&m.told))).collect();
        assert_eq!(
            all,
            [("1", vec!["a"]), ("2", vec![""]), ("3", vec!["record"])]
        );
    }
}
