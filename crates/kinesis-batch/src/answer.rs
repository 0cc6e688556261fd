//! What an answer of Kinesis means for the records sent.

use std::{borrow::Cow, error::Error, sync::Arc};

use aws_sdk_kinesis::{
    error::{ProvideErrorMetadata, SdkError},
    operation::put_records::PutRecordsError,
};
use bytes::Bytes;
use serde::Deserialize;

use crate::Receipt;

/// Codes of whole-request errors that pass, whatever the HTTP status.
const PASSING: [&str; 9] = [
    "InternalFailure",
    "KMSThrottlingException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
];

/// Codes of these that say: slower.
const THROTTLES: [&str; 6] = [
    "KMSThrottlingException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
];

/// Codes that blame the content of the request: one record may spoil it for the others.
const CONTENT: [&str; 3] = [
    "InvalidArgumentException",
    "SerializationException",
    "ValidationException",
];

/// What an answer is called that could not be read.
const UNREADABLE: &str = "unreadable answer";

/// The answer for one record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RecordAnswer {
    Accepted(Receipt),
    Refused(Arc<str>),
    Nonsense,
}

/// A request that failed as a whole.
#[derive(Debug, Clone)]
pub(crate) struct RequestFailure {
    pub(crate) code: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) source: Arc<dyn Error + Send + Sync>,
}

/// What can be done about a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Send it again.
    Passing,
    /// Send its halves: one record may be the cause.
    Content,
    /// Nothing.
    Permanent,
}

/// Whether an error code, of a record or of a request, says that the stream was asked too much.
pub(crate) fn is_throttle(code: &str) -> bool {
    THROTTLES.contains(&code)
}

/// An answer as Kinesis writes it.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(rename = "Records", borrow, default)]
    records: Vec<Answered<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answered<'a> {
    #[serde(borrow)]
    sequence_number: Option<Text<'a>>,
    #[serde(borrow)]
    shard_id: Option<Text<'a>>,
    #[serde(borrow)]
    error_code: Option<Text<'a>>,
}

/// A string that borrows from its JSON when it holds no escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads the answer for each record of a request.
pub(crate) fn answers(content: &Bytes) -> Result<Vec<RecordAnswer>, serde_json::Error> {
    let Answer { records } = serde_json::from_slice(content)?;
    let answers = records.into_iter().map(|record| record.answer(content));
    Ok(answers.collect())
}

impl RecordAnswer {
    pub(crate) fn is_throttle(&self) -> bool {
        matches!(self, Self::Refused(code) if is_throttle(code))
    }
}

impl Answered<'_> {
    fn answer(self, content: &Bytes) -> RecordAnswer {
        match (self.error_code, self.sequence_number, self.shard_id) {
            (Some(code), _, _) => RecordAnswer::Refused((&*code.0).into()),
            (None, Some(sequence_number), Some(shard_id)) => {
                let keep = |text: Text<'_>| match text.0 {
                    Cow::Borrowed(text) => content.slice_ref(text.as_bytes()),
                    Cow::Owned(text) => text.into(),
                };
                RecordAnswer::Accepted(Receipt::new(keep(sequence_number), keep(shard_id)))
            }
            _ => RecordAnswer::Nonsense,
        }
    }
}

impl RequestFailure {
    /// A request that took longer than it may.
    pub(crate) fn timeout(elapsed: tokio::time::error::Elapsed) -> Self {
        Self {
            code: "timeout".into(),
            kind: Kind::Passing,
            source: Arc::new(elapsed),
        }
    }

    /// An answer that could not be read to its end: it says nothing about the records.
    pub(crate) fn unreadable(error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            code: UNREADABLE.into(),
            kind: Kind::Passing,
            source: Arc::new(error),
        }
    }

    pub(crate) fn of(error: SdkError<PutRecordsError>) -> Self {
        let status = error.raw_response().map(|raw| raw.status().as_u16());
        let (code, kind): (Arc<str>, _) = match &error {
            SdkError::ServiceError(service) => {
                let code = service.err().code();
                let kind = service_kind(code, status.unwrap_or_default());
                let name = code.map_or_else(|| http_code(status), Into::into);
                (name, kind)
            }
            SdkError::TimeoutError(_) => ("timeout".into(), Kind::Passing),
            SdkError::DispatchFailure(failure)
                if failure.is_timeout() || failure.is_io() || failure.as_other().is_some() =>
            {
                ("connection failure".into(), Kind::Passing)
            }
            SdkError::ResponseError(_) => (UNREADABLE.into(), Kind::Passing),
            SdkError::DispatchFailure(_) => ("request not sent".into(), Kind::Permanent),
            _ => ("invalid request".into(), Kind::Permanent),
        };
        Self {
            code,
            kind,
            source: Arc::new(error),
        }
    }
}

fn service_kind(code: Option<&str>, status: u16) -> Kind {
    match code {
        Some(code) if PASSING.contains(&code) => Kind::Passing,
        _ if status >= 500 || status == 429 => Kind::Passing,
        Some(code) if CONTENT.contains(&code) => Kind::Content,
        _ => Kind::Permanent,
    }
}

fn http_code(status: Option<u16>) -> Arc<str> {
    status.map_or_else(
        || "no status".into(),
        |status| format!("HTTP status {status}").into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttles_and_server_errors_pass() {
        assert_eq!(
            service_kind(Some("ProvisionedThroughputExceededException"), 400),
            Kind::Passing
        );
        assert_eq!(
            service_kind(Some("KMSThrottlingException"), 400),
            Kind::Passing
        );
        assert_eq!(service_kind(Some("Unheard"), 503), Kind::Passing);
        assert_eq!(service_kind(None, 500), Kind::Passing);
        assert_eq!(service_kind(None, 429), Kind::Passing);
    }

    #[test]
    fn a_failure_inside_the_service_is_no_throttle() {
        assert!(is_throttle("ProvisionedThroughputExceededException"));
        assert!(!is_throttle("InternalFailure"));
        assert!(THROTTLES.iter().all(|code| PASSING.contains(code)));
    }

    #[test]
    fn missing_streams_and_permissions_stay() {
        assert_eq!(
            service_kind(Some("ResourceNotFoundException"), 400),
            Kind::Permanent
        );
        assert_eq!(
            service_kind(Some("AccessDeniedException"), 400),
            Kind::Permanent
        );
        assert_eq!(service_kind(None, 403), Kind::Permanent);
    }

    #[test]
    fn a_complaint_about_content_may_be_about_one_record() {
        assert_eq!(
            service_kind(Some("ValidationException"), 400),
            Kind::Content
        );
    }

    #[test]
    fn an_answer_is_read_record_by_record() {
        let text = r#"{"FailedRecordCount":2,"EncryptionType":"KMS","Records":[
            {"SequenceNumber":"4954","ShardId":"shard\u0049d-0","ErrorCode":null,"New":[1]},
            {"ErrorCode":"InternalFailure","ErrorMessage":"a \"message\""},
            {"ErrorCode":"","SequenceNumber":null},
            {"SequenceNumber":"1"},{"ShardId":"1"},{}]}"#;
        let accepted = Receipt::new("4954".into(), "shardId-0".into());
        let expected = [
            RecordAnswer::Accepted(accepted),
            RecordAnswer::Refused("InternalFailure".into()),
            RecordAnswer::Refused("".into()),
            RecordAnswer::Nonsense,
            RecordAnswer::Nonsense,
            RecordAnswer::Nonsense,
        ];
        assert_eq!(answers(&text.into()).unwrap(), expected);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for text in [
            "",
            "1",
            r#"{"Records":[{"SequenceNumber":1}]}"#,
            r#"{"Records":["#,
        ] {
            assert!(answers(&text.into()).is_err(), "{text}");
        }
        assert_eq!(answers(&"{}".into()).unwrap(), []);
    }
}
