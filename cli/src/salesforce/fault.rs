//! Scripted faults: what the next requests meet instead of, before or after their normal handling.

use std::{collections::VecDeque, time::Duration};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::{future, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{answer::RecordError, world::Shared};

/// Which requests a script is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Api {
    /// The token endpoint.
    Token,
    /// Everything under `/services/data`.
    Data,
}

/// What one request meets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: this request is handled as usual.
    Pass,
    /// An error answer; nothing is stored.
    Answer {
        /// HTTP status.
        status: u16,
        /// `errorCode` of the data API, `error` of the token endpoint.
        code: String,
        /// Its text.
        #[serde(default)]
        message: String,
    },
    /// Records of a create or upsert call fail; the others are handled as usual.
    Records {
        /// `statusCode` of the failing records.
        code: String,
        /// Its text.
        #[serde(default)]
        message: String,
        /// Which records of the call, counted from 0; none named means all.
        #[serde(default)]
        indexes: Vec<usize>,
    },
    /// Handled as usual, this many milliseconds later.
    Slow {
        /// The delay.
        millis: u64,
    },
    /// The connection is dropped before anything is stored.
    Reset,
    /// The request is handled, then the connection is dropped without an answer.
    LoseAnswer,
    /// The request is handled, but the last result is missing from the answer.
    Truncate,
    /// The request is handled, but the answer is no JSON.
    Garble,
}

impl Fault {
    /// An error answer with the given status and code.
    pub fn answer(status: u16, code: &str, message: &str) -> Self {
        Self::Answer {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// 503 as during maintenance.
    pub fn unavailable() -> Self {
        Self::answer(503, "SERVER_UNAVAILABLE", "We are down for maintenance.")
    }

    /// 403: the org's calls for the day are used up.
    pub fn request_limit() -> Self {
        Self::answer(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
        )
    }

    /// 401: the session ended.
    pub fn invalid_session() -> Self {
        Self::answer(401, "INVALID_SESSION_ID", "Session expired or invalid")
    }

    /// These records (all, if none is named) meet another transaction's row lock.
    pub fn lock_row(indexes: impl IntoIterator<Item = usize>) -> Self {
        Self::Records {
            code: "UNABLE_TO_LOCK_ROW".to_owned(),
            message: "unable to obtain exclusive access to this record".to_owned(),
            indexes: indexes.into_iter().collect(),
        }
    }
}

/// The scripts that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    token: VecDeque<Fault>,
    data: VecDeque<Fault>,
}

/// The error that records of this request are to fail with.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordFault(Option<(RecordError, Vec<usize>)>);

impl Faults {
    pub(crate) fn extend(&mut self, api: Api, faults: impl IntoIterator<Item = Fault>) {
        self.queue(api).extend(faults);
    }

    fn next(&mut self, api: Api) -> Fault {
        self.queue(api).pop_front().unwrap_or(Fault::Pass)
    }

    fn queue(&mut self, api: Api) -> &mut VecDeque<Fault> {
        match api {
            Api::Token => &mut self.token,
            Api::Data => &mut self.data,
        }
    }
}

impl RecordFault {
    /// The scripted error of the record at `index`, if it has one.
    pub(crate) fn of(&self, index: usize) -> Option<&RecordError> {
        let (error, indexes) = self.0.as_ref()?;
        (indexes.is_empty() || indexes.contains(&index)).then_some(error)
    }
}

/// Takes the next fault of the script and makes the request meet it.
pub(crate) async fn inject(
    State(shared): State<Shared>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let api = if path == "/services/oauth2/token" {
        Api::Token
    } else if path.starts_with("/services/data") {
        Api::Data
    } else {
        return next.run(request).await;
    };
    let fault = shared.world().faults.next(api);
    request.extensions_mut().insert(RecordFault::default());
    match fault {
        Fault::Pass => next.run(request).await,
        Fault::Answer {
            status,
            code,
            message,
        } => error_answer(api, status, &code, &message),
        Fault::Records {
            code,
            message,
            indexes,
        } => {
            let error = RecordError {
                code: code.into(),
                message,
                fields: Vec::new(),
            };
            request
                .extensions_mut()
                .insert(RecordFault(Some((error, indexes))));
            next.run(request).await
        }
        Fault::Slow { millis } => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            next.run(request).await
        }
        Fault::Reset => dropped(),
        Fault::LoseAnswer => {
            next.run(request).await;
            dropped()
        }
        Fault::Truncate => truncated(next.run(request).await).await,
        Fault::Garble => {
            let (parts, _) = next.run(request).await.into_parts();
            (parts.status, "<html>upstream").into_response()
        }
    }
}

fn error_answer(api: Api, status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = match api {
        Api::Token => json!({ "error": code, "error_description": message }),
        Api::Data => json!([{ "message": message, "errorCode": code }]),
    };
    (status, Json(body)).into_response()
}

/// A body that fails before its first byte: the server drops the connection with nothing sent.
fn dropped() -> Response {
    let failed = Err::<Bytes, _>(std::io::Error::other("dropped by the script"));
    Body::from_stream(stream::once(future::ready(failed))).into_response()
}

async fn truncated(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    let mut answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if let Some(items) = answer.as_array_mut() {
        items.pop();
    }
    (parts.status, Json(answer)).into_response()
}
