//! What an answer of Kinesis means for the records sent.

use std::{error::Error, sync::Arc};

use aws_sdk_kinesis::{
    error::{ProvideErrorMetadata, SdkError},
    operation::put_records::PutRecordsError,
    types::PutRecordsResultEntry,
};

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

impl RecordAnswer {
    pub(crate) fn of(entry: PutRecordsResultEntry) -> Self {
        match (entry.error_code, entry.sequence_number, entry.shard_id) {
            (Some(code), _, _) => Self::Refused(code.into()),
            (None, Some(sequence_number), Some(shard_id)) => Self::Accepted(Receipt {
                sequence_number,
                shard_id,
            }),
            _ => Self::Nonsense,
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
            // An answer that could not be read to its end says nothing about the records.
            SdkError::ResponseError(_) => ("unreadable answer".into(), Kind::Passing),
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
    fn a_record_result_without_sequence_number_or_code_is_nonsense() {
        let empty = PutRecordsResultEntry::builder().build();
        assert_eq!(RecordAnswer::of(empty), RecordAnswer::Nonsense);
    }
}
