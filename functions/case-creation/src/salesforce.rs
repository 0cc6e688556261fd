//! The Salesforce REST API: create Cases in one call, find one by its external id.

use std::{error::Error as _, time::Duration};

use jiff::Timestamp;
use reqwest::{
    RequestBuilder, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
    redirect::Policy,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Error,
    reply::{self, Item, Refusal},
    token::Token,
};

/// The most records that `composite/sobjects` takes
/// ([limits](https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_create.htm)).
pub(crate) const MAX_RECORDS_PER_CALL: usize = 200;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Below the peer's, since connections die while the environment is frozen.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(40);

/// A client that is made once and keeps its connections; the token comes with each request.
#[derive(Debug, Clone)]
pub(crate) struct Salesforce {
    http: reqwest::Client,
    api_version: String,
}

/// Why a call has no result.
#[derive(Debug)]
pub(crate) enum CallError {
    /// There is no token to call with, and another try in this invocation gets none either.
    NoToken {
        /// Why, without address or content.
        cause: String,
    },
    /// Salesforce never saw it.
    NotSent {
        /// Why, without address or content.
        cause: String,
    },
    /// Salesforce may have done the work, the answer did not arrive or says nothing.
    Lost {
        /// What was seen instead of an answer.
        cause: String,
    },
    /// Salesforce answered something else than success.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The first error of the body, when there is one.
        refusal: Option<Refusal>,
    },
}

/// A Case that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// When it was created, by the clock of Salesforce; `None` when the answer does not say.
    pub(crate) created_at: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateRequest<'a> {
    all_or_none: bool,
    records: &'a [&'a Value],
}

#[derive(Deserialize)]
struct FoundText {
    #[serde(rename = "CreatedDate")]
    created_date: Option<String>,
}

impl Salesforce {
    pub(crate) fn new(api_version: String) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!(
                env!("CARGO_PKG_NAME"),
                "/",
                env!("CARGO_PKG_VERSION")
            ))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            // The token belongs to this host alone.
            .redirect(Policy::none())
            .build()
            .map_err(|source| Error::HttpClient { source })?;
        Ok(Self { http, api_version })
    }

    /// Creates at most [`MAX_RECORDS_PER_CALL`] records, each on its own, and returns one result for
    /// each, in order.
    pub(crate) async fn create(
        &self,
        token: &Token,
        records: &[&Value],
        timeout: Duration,
    ) -> Result<Vec<Item>, CallError> {
        let url = self.url(token, &["composite", "sobjects"]);
        let request = CreateRequest {
            all_or_none: false,
            records,
        };
        let body = serde_json::to_vec(&request).map_err(|_| CallError::NotSent {
            cause: "the request is not JSON".to_owned(),
        })?;
        let request = self.http.post(url).header(CONTENT_TYPE, "application/json");
        let (status, body) = send(request.body(body), token, timeout).await?;
        if !status.is_success() {
            return Err(refused(status, &body));
        }
        reply::items(&body, records.len()).ok_or_else(|| CallError::Lost {
            cause: "the answer is no list of one result for each record".to_owned(),
        })
    }

    /// Finds the Case whose `field` holds `event_id`.
    pub(crate) async fn find(
        &self,
        token: &Token,
        field: &str,
        event_id: &str,
        timeout: Duration,
    ) -> Result<Option<Found>, CallError> {
        let mut url = self.url(token, &["sobjects", "Case", field, event_id]);
        url.set_query(Some("fields=Id,CreatedDate"));
        let (status, body) = send(self.http.get(url), token, timeout).await?;
        match status {
            StatusCode::NOT_FOUND => Ok(None),
            // Several records hold the value: the field is not unique in this org.
            StatusCode::MULTIPLE_CHOICES => Ok(Some(Found { created_at: None })),
            status if status.is_success() => Ok(Some(found(&body))),
            status => Err(refused(status, &body)),
        }
    }

    fn url(&self, token: &Token, path: &[&str]) -> Url {
        let mut url = token.instance_url().clone();
        // A token's URL can be a base, so the segments are always there.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .clear()
                .extend(["services", "data", &self.api_version]);
            segments.extend(path);
        }
        url
    }
}

async fn send(
    request: RequestBuilder,
    token: &Token,
    timeout: Duration,
) -> Result<(StatusCode, Vec<u8>), CallError> {
    let request = request
        .header(AUTHORIZATION, token.authorization())
        .timeout(timeout);
    let answer = request.send().await.map_err(not_answered)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(not_answered)?;
    Ok((status, body.into()))
}

fn not_answered(error: reqwest::Error) -> CallError {
    // The URL may hold an event id, which says nothing here.
    let error = error.without_url();
    let mut cause = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        cause = format!("{cause}: {inner}");
        source = inner.source();
    }
    if error.is_connect() || error.is_builder() {
        CallError::NotSent { cause }
    } else {
        CallError::Lost { cause }
    }
}

fn refused(status: StatusCode, body: &[u8]) -> CallError {
    CallError::Answer {
        status: status.as_u16(),
        refusal: reply::first_error(body),
    }
}

fn found(body: &[u8]) -> Found {
    let date = serde_json::from_slice::<FoundText>(body)
        .ok()
        .and_then(|text| text.created_date);
    Found {
        created_at: date.and_then(|date| parse_date(&date)),
    }
}

/// Salesforce writes `2026-01-01T00:00:00.000+0000`.
fn parse_date(date: &str) -> Option<Timestamp> {
    date.parse()
        .or_else(|_| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", date))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_salesforce_are_read() {
        let expected: Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
        for date in [
            "2026-01-01T10:00:00.000+0000",
            "2026-01-01T12:00:00.000+0200",
            "2026-01-01T10:00:00Z",
        ] {
            assert_eq!(parse_date(date), Some(expected), "{date}");
        }
        assert_eq!(found(br#"{"Id": "500A"}"#).created_at, None);
    }
}
