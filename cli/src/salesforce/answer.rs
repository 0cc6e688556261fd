//! Errors in the two shapes that Salesforce uses: a list for a whole call, an item for one record of a collection.

use std::borrow::Cow;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// Why one record was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordError {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) fields: Vec<String>,
}

/// Why a whole call was refused.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    /// `None` where Salesforce leaves `fields` out.
    pub(crate) fields: Option<Vec<String>>,
}

impl RecordError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, fields: &[&str]) -> Self {
        Self {
            code: Cow::Borrowed(code),
            message: message.into(),
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
        }
    }

    /// The item of a collection's answer: it says `statusCode` where a single record says `errorCode`.
    pub(crate) fn to_item(&self) -> Value {
        json!({
            "success": false,
            "errors": [{ "statusCode": self.code, "message": self.message, "fields": self.fields }],
        })
    }
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            message: message.into(),
            fields: None,
        }
    }

    pub(crate) fn no_resource() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "The requested resource does not exist",
        )
    }

    pub(crate) fn no_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "HTTP Method not allowed for this resource",
        )
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "JSON_PARSER_ERROR", message)
    }
}

impl From<RecordError> for ApiError {
    fn from(error: RecordError) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: error.code,
            message: error.message,
            fields: Some(error.fields),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut item = json!({ "message": self.message, "errorCode": self.code });
        if let (Some(fields), Some(item)) = (self.fields, item.as_object_mut()) {
            item.insert("fields".to_owned(), json!(fields));
        }
        (self.status, Json(json!([item]))).into_response()
    }
}
