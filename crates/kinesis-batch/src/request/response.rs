//! The response of a request: the result of each record, or the error of the whole request.

use std::{borrow::Cow, error::Error, sync::Arc};

use aws_sdk_kinesis::{
    error::{ProvideErrorMetadata, SdkError},
    operation::put_records::PutRecordsError,
};
use bytes::Bytes;
use serde::Deserialize;

use crate::Receipt;

/// Codes of transient errors, whatever the HTTP status.
const TRANSIENT: [&str; 9] = [
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

/// Codes of transient errors caused by the request rate.
const THROTTLES: [&str; 6] = [
    "KMSThrottlingException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
];

/// Codes of errors in the content of the request, which one record may cause.
const CONTENT: [&str; 3] = [
    "InvalidArgumentException",
    "SerializationException",
    "ValidationException",
];

/// The code of a response that could not be read.
const UNREADABLE: &str = "unreadable response";

/// The result of one record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RecordResult {
    Accepted(Receipt),
    /// Rejected with this error code.
    Rejected(Arc<str>),
    /// Neither a receipt nor an error code.
    Malformed,
}

/// The error of a whole request.
#[derive(Debug, Clone)]
pub(crate) struct RequestError {
    pub(crate) code: Arc<str>,
    pub(crate) class: ErrorClass,
    pub(crate) source: Arc<dyn Error + Send + Sync>,
}

/// The reaction to the error of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorClass {
    /// Send the request again.
    Transient,
    /// Send its halves, because one record may be the cause.
    Content,
    /// Fail the records.
    Permanent,
}

/// Reports whether the error code of a record or request is caused by the request rate.
pub(crate) fn is_throttle(code: &str) -> bool {
    THROTTLES.contains(&code)
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(rename = "Records", borrow, default)]
    records: Vec<ResponseRecord<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResponseRecord<'a> {
    #[serde(borrow)]
    sequence_number: Option<Text<'a>>,
    #[serde(borrow)]
    shard_id: Option<Text<'a>>,
    #[serde(borrow)]
    error_code: Option<Text<'a>>,
}

/// A string that borrows from its JSON when it contains no escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads the result of each record from the body of a response.
pub(crate) fn record_results(body: &Bytes) -> Result<Vec<RecordResult>, serde_json::Error> {
    let Response { records } = serde_json::from_slice(body)?;
    let results = records.into_iter().map(|record| record.result(body));
    Ok(results.collect())
}

impl RecordResult {
    pub(crate) fn is_throttle(&self) -> bool {
        matches!(self, Self::Rejected(code) if is_throttle(code))
    }
}

impl ResponseRecord<'_> {
    fn result(self, body: &Bytes) -> RecordResult {
        match (self.error_code, self.sequence_number, self.shard_id) {
            (Some(code), _, _) => RecordResult::Rejected((&*code.0).into()),
            (None, Some(sequence_number), Some(shard_id)) => {
                let keep = |text: Text<'_>| match text.0 {
                    Cow::Borrowed(text) => body.slice_ref(text.as_bytes()),
                    Cow::Owned(text) => text.into(),
                };
                RecordResult::Accepted(Receipt::new(keep(sequence_number), keep(shard_id)))
            }
            _ => RecordResult::Malformed,
        }
    }
}

impl RequestError {
    /// Creates the error of a request that exceeded its time limit.
    pub(crate) fn timeout(elapsed: tokio::time::error::Elapsed) -> Self {
        Self {
            code: "timeout".into(),
            class: ErrorClass::Transient,
            source: Arc::new(elapsed),
        }
    }

    /// Creates the error of a response that could not be read; its records may have been accepted.
    pub(crate) fn unreadable(error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            code: UNREADABLE.into(),
            class: ErrorClass::Transient,
            source: Arc::new(error),
        }
    }

    pub(crate) fn from_sdk(error: SdkError<PutRecordsError>) -> Self {
        let status = error.raw_response().map(|raw| raw.status().as_u16());
        let (code, class): (Arc<str>, _) = match &error {
            SdkError::ServiceError(service) => {
                let code = service.err().code();
                let class = classify(code, status.unwrap_or_default());
                let name = code.map_or_else(|| http_code(status), Into::into);
                (name, class)
            }
            SdkError::TimeoutError(_) => ("timeout".into(), ErrorClass::Transient),
            SdkError::DispatchFailure(failure)
                if failure.is_timeout() || failure.is_io() || failure.as_other().is_some() =>
            {
                ("connection failure".into(), ErrorClass::Transient)
            }
            SdkError::ResponseError(_) => (UNREADABLE.into(), ErrorClass::Transient),
            SdkError::DispatchFailure(_) => ("request not sent".into(), ErrorClass::Permanent),
            _ => ("invalid request".into(), ErrorClass::Permanent),
        };
        Self {
            code,
            class,
            source: Arc::new(error),
        }
    }
}

fn classify(code: Option<&str>, status: u16) -> ErrorClass {
    match code {
        Some(code) if TRANSIENT.contains(&code) => ErrorClass::Transient,
        _ if status >= 500 || status == 429 => ErrorClass::Transient,
        Some(code) if CONTENT.contains(&code) => ErrorClass::Content,
        _ => ErrorClass::Permanent,
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
    fn throttles_and_server_errors_are_transient() {
        assert_eq!(
            classify(Some("ProvisionedThroughputExceededException"), 400),
            ErrorClass::Transient
        );
        assert_eq!(
            classify(Some("KMSThrottlingException"), 400),
            ErrorClass::Transient
        );
        assert_eq!(classify(Some("Unheard"), 503), ErrorClass::Transient);
        assert_eq!(classify(None, 500), ErrorClass::Transient);
        assert_eq!(classify(None, 429), ErrorClass::Transient);
    }

    #[test]
    fn an_internal_failure_is_no_throttle() {
        assert!(is_throttle("ProvisionedThroughputExceededException"));
        assert!(!is_throttle("InternalFailure"));
        assert!(THROTTLES.iter().all(|code| TRANSIENT.contains(code)));
    }

    #[test]
    fn missing_streams_and_permissions_are_permanent() {
        assert_eq!(
            classify(Some("ResourceNotFoundException"), 400),
            ErrorClass::Permanent
        );
        assert_eq!(
            classify(Some("AccessDeniedException"), 400),
            ErrorClass::Permanent
        );
        assert_eq!(classify(None, 403), ErrorClass::Permanent);
    }

    #[test]
    fn a_validation_error_may_be_caused_by_one_record() {
        assert_eq!(
            classify(Some("ValidationException"), 400),
            ErrorClass::Content
        );
    }

    #[test]
    fn a_response_has_one_result_for_each_record() {
        let text = r#"{"FailedRecordCount":2,"EncryptionType":"KMS","Records":[
            {"SequenceNumber":"4954","ShardId":"shard\u0049d-0","ErrorCode":null,"New":[1]},
            {"ErrorCode":"InternalFailure","ErrorMessage":"a \"message\""},
            {"ErrorCode":"","SequenceNumber":null},
            {"SequenceNumber":"1"},{"ShardId":"1"},{}]}"#;
        let accepted = Receipt::new("4954".into(), "shardId-0".into());
        let expected = [
            RecordResult::Accepted(accepted),
            RecordResult::Rejected("InternalFailure".into()),
            RecordResult::Rejected("".into()),
            RecordResult::Malformed,
            RecordResult::Malformed,
            RecordResult::Malformed,
        ];
        assert_eq!(record_results(&text.into()).unwrap(), expected);
    }

    #[test]
    fn a_malformed_response_is_an_error() {
        for text in [
            "",
            "1",
            r#"{"Records":[{"SequenceNumber":1}]}"#,
            r#"{"Records":["#,
        ] {
            assert!(record_results(&text.into()).is_err(), "{text}");
        }
        assert_eq!(record_results(&"{}".into()).unwrap(), []);
    }
}
