//! Unwraps messages of SQS, SNS and Lambda until S3 events or documents of the caller remain.

use std::fmt;

use aws_lambda_events::{eventbridge::EventBridgeEvent, sqs::SqsMessage};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    notice::{Error, MAX_BYTES, MAX_NESTING, MAX_NOTICES, Message, Notice},
    s3,
};

/// The fields by which the forms differ. Each value stays raw, so that a document of the caller with the same field of
/// another type is not rejected.
#[derive(Deserialize)]
struct Fields<'a> {
    /// S3, SQS or SNS.
    #[serde(rename = "Records", borrow)]
    records: Option<&'a RawValue>,
    /// Test event of S3.
    #[serde(rename = "Event", borrow)]
    event: Option<&'a RawValue>,
    /// SNS message in an SQS body.
    #[serde(rename = "Type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(rename = "Message", borrow)]
    message: Option<&'a RawValue>,
    /// Failed asynchronous invocation.
    #[serde(rename = "requestContext", borrow)]
    request_context: Option<&'a RawValue>,
    #[serde(rename = "requestPayload", borrow)]
    request_payload: Option<&'a RawValue>,
    /// `EventBridge`.
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
}

/// The source of a record, and the content of an SNS record. `SnsRecord` of `aws_lambda_events` is not used, because it
/// rejects a record without signature or subscription, which are not needed here.
#[derive(Deserialize)]
struct RecordFields<'a> {
    #[serde(rename = "eventSource", alias = "EventSource", default)]
    event_source: String,
    #[serde(rename = "Sns")]
    sns: Option<Sns>,
    #[serde(borrow)]
    s3: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Sns {
    #[serde(rename = "Message")]
    message: String,
}

/// A record of a payload.
enum Record<'a> {
    Sqs(Box<SqsMessage>),
    Sns(Sns),
    S3(&'a RawValue),
}

/// The first records of a payload: one more than the limit of notices, because each record has at least one notice.
#[derive(Deserialize)]
struct Records<'a>(#[serde(borrow, deserialize_with = "first_records")] Vec<&'a RawValue>);

/// The notices of one message, up to the limit of the whole payload.
struct Notices {
    list: Vec<Result<Notice, Error>>,
    /// How many more the payload may contain.
    capacity: usize,
}

/// Decodes the payload of an invocation into messages with notices.
///
/// The work is linear in the length of the payload, times at most [`MAX_NESTING`].
pub fn decode(payload: &str) -> Vec<Message> {
    if payload.len() > MAX_BYTES {
        return vec![Message {
            id: None,
            notices: vec![Err(Error::TooLarge)],
        }];
    }
    let mut capacity = MAX_NOTICES;
    let mut message = |id: Option<String>, text: &str| {
        let mut notices = Notices {
            list: Vec::new(),
            capacity,
        };
        notices.read(text, MAX_NESTING);
        capacity = notices.capacity;
        Message {
            id,
            notices: notices.list,
        }
    };
    let Some(records) = sqs_records(payload) else {
        return vec![message(None, payload)];
    };
    let messages = records.into_iter().map(|record| match record {
        Some(sqs) => message(sqs.message_id, sqs.body.as_deref().unwrap_or_default()),
        None => Message {
            id: None,
            notices: vec![Err(Error::UnknownRecord)],
        },
    });
    messages.collect()
}

/// Returns the messages of an SQS event, `None` for each that is malformed; `None` when the payload is another event.
fn sqs_records(payload: &str) -> Option<Vec<Option<SqsMessage>>> {
    let fields = Fields::of(serde_json::from_str(payload).ok()?)?;
    let records: Records<'_> = serde_json::from_str(fields.records?.get()).ok()?;
    let sqs = |raw: &RawValue| match Record::of(raw) {
        Some(Record::Sqs(message)) => Some(*message),
        _ => None,
    };
    sqs(records.0.first()?)?;
    Some(records.0.into_iter().map(sqs).collect())
}

/// Keeps the first elements of a list and skips the others.
fn first_records<'de, D: Deserializer<'de>>(list: D) -> Result<Vec<&'de RawValue>, D::Error> {
    struct First;

    impl<'de> Visitor<'de> for First {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of records")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut records = Vec::new();
            while records.len() <= MAX_NOTICES {
                match list.next_element()? {
                    Some(record) => records.push(record),
                    None => return Ok(records),
                }
            }
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(records)
        }
    }

    list.deserialize_seq(First)
}

impl Notices {
    fn push(&mut self, notice: Result<Notice, Error>) {
        match self.capacity.checked_sub(1) {
            Some(left) => {
                self.capacity = left;
                self.list.push(notice);
            }
            None if self.list.last().is_some_and(is_too_many) => {}
            None => self.list.push(Err(Error::TooMany)),
        }
    }

    /// Adds the notices of a payload or message body, which may contain `nesting` levels of messages.
    fn read(&mut self, text: &str, nesting: usize) {
        let Ok(raw) = serde_json::from_str::<&RawValue>(text) else {
            return self.push(Err(Error::NotJson));
        };
        let Some(fields) = Fields::of(raw) else {
            return self.push(Ok(Notice::Document(raw.to_owned())));
        };
        if is_text(fields.event, "s3:TestEvent") {
            return self.push(Ok(Notice::TestEvent));
        }
        if is_text(fields.source, "aws.s3")
            && let Ok(event) = serde_json::from_str::<EventBridgeEvent<Box<RawValue>>>(text)
        {
            return self.push(s3::event_bridge(event));
        }
        if let Some(detail) = fields.detail
            && is_text(fields.source, "lambda")
        {
            return self.read_inner(detail.get(), nesting);
        }
        if is_text(fields.kind, "Notification")
            && let Some(Ok(message)) = fields.message.map(text_of)
        {
            return self.read_inner(&message, nesting);
        }
        if let Some(payload) = fields.request_payload
            && fields.request_context.is_some()
        {
            return self.read_inner(payload.get(), nesting);
        }
        let records = fields.records.map(|raw| serde_json::from_str(raw.get()));
        match records {
            Some(Ok(records)) => self.read_records(raw, &records, nesting),
            Some(Err(_)) | None => self.push(Ok(Notice::Document(raw.to_owned()))),
        }
    }

    /// Adds the notices of the records in `document`, which belongs to the caller when no record is known here.
    fn read_records(&mut self, document: &RawValue, records: &Records<'_>, nesting: usize) {
        if records.0.iter().all(|raw| Record::of(raw).is_none()) {
            return self.push(Ok(Notice::Document(document.to_owned())));
        }
        for raw in &records.0 {
            match Record::of(raw) {
                Some(Record::S3(raw)) => self.push(s3::record(raw)),
                Some(Record::Sns(sns)) => self.read_inner(&sns.message, nesting),
                Some(Record::Sqs(sqs)) => self.read_inner(&sqs.body.unwrap_or_default(), nesting),
                None => self.push(Err(Error::UnknownRecord)),
            }
        }
    }

    fn read_inner(&mut self, text: &str, nesting: usize) {
        match nesting.checked_sub(1) {
            Some(nesting) => self.read(text, nesting),
            None => self.push(Err(Error::TooDeep)),
        }
    }
}

impl<'a> Fields<'a> {
    /// Returns the fields of an object; `None` for other JSON.
    fn of(raw: &'a RawValue) -> Option<Self> {
        // serde would read a list as the fields of a struct, too.
        let object = Some(raw.get()).filter(|text| text.starts_with('{'))?;
        serde_json::from_str(object).ok()
    }
}

impl<'a> Record<'a> {
    /// Determines the kind of a record; `None` when it is none of the known ones.
    fn of(raw: &'a RawValue) -> Option<Self> {
        let fields: RecordFields<'_> = serde_json::from_str(raw.get()).ok()?;
        match (fields.event_source.as_str(), fields.sns) {
            ("aws:sqs", _) => serde_json::from_str(raw.get())
                .ok()
                .map(|sqs| Record::Sqs(Box::new(sqs))),
            ("aws:sns", Some(sns)) => Some(Record::Sns(sns)),
            _ => fields.s3.map(|_| Record::S3(raw)),
        }
    }
}

fn is_too_many(notice: &Result<Notice, Error>) -> bool {
    matches!(notice, Err(Error::TooMany))
}

fn is_text(raw: Option<&RawValue>, text: &str) -> bool {
    raw.is_some_and(|raw| text_of(raw).is_ok_and(|found| found == text))
}

fn text_of(raw: &RawValue) -> serde_json::Result<String> {
    serde_json::from_str(raw.get())
}
