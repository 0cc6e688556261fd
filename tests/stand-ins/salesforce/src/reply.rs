//! Replies, and the two formats of an error: a list for a whole request, a result for one record of a collection.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// The reply to a request before it is written as HTTP.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    /// `Sforce-Limit-Info`, on replies of the data API.
    pub(crate) limit_info: Option<String>,
}

/// Why one record was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) fields: Vec<String>,
}

/// Why a whole request was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body,
            limit_info: None,
        }
    }
}

impl From<RequestError> for Reply {
    fn from(error: RequestError) -> Self {
        let item = json!({ "message": error.message, "errorCode": error.code });
        Self::new(error.status, json!([item]))
    }
}

impl RecordError {
    pub(crate) fn new(
        code: impl Into<String>,
        message: impl Into<String>,
        fields: &[&str],
    ) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
        }
    }

    /// The result of the record. Its code is `statusCode`, where an error of a whole request has `errorCode`.
    pub(crate) fn to_result(&self) -> Value {
        json!({
            "success": false,
            "errors": [{ "statusCode": self.code, "message": self.message, "fields": self.fields }],
        })
    }
}

impl RequestError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(crate) fn no_resource() -> Self {
        let message = "The requested resource does not exist";
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "JSON_PARSER_ERROR", message)
    }
}
