//! The Salesforce REST API: create Cases in one call, find one by its external id.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::HttpRequest,
    },
    http::Headers,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use jiff::Timestamp;
use kinesis_consumer::Clock;
use secrecy::ExposeSecret;
use serde::Deserialize;
use tt_metrics::{MetricName, Unit};
use url::Url;

use crate::{
    call_error::{CallError, chain, not_answered},
    reply::{self, Item},
    token::Token,
};

/// The most records that `composite/sobjects` takes
/// ([limits](https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_create.htm)).
pub(crate) const MAX_RECORDS_PER_CALL: usize = 200;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Below the peer's, since connections die while the environment is frozen.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(40);
/// From this share of the org's daily requests on, in percent, calls are held back.
const USED_UP_PERCENT: u64 = 95;

/// The share of the org's daily requests that is used, by its own word; sent only when it said so.
const API_USAGE: MetricName = MetricName::new("SFApiUsagePercent");

/// A client that is made once and keeps its connections; the token comes with each request.
#[derive(Debug)]
pub(crate) struct Salesforce {
    /// Made for the first call: it reads the certificates of the system, which takes as long as all
    /// the rest of a cold start.
    http: OnceLock<SharedHttpConnector>,
    api_version: String,
    clock: Clock,
    /// What the last answer said of the org's requests.
    nearly_used_up: AtomicBool,
}

/// A Case that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// When it was created, by the clock of Salesforce; `None` when the answer does not say.
    pub(crate) created_at: Option<Timestamp>,
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

#[derive(Deserialize)]
struct FoundText {
    #[serde(rename = "CreatedDate")]
    created_date: Option<String>,
}

/// The real way to Salesforce: HTTPS, connections that are kept, the proxy of the environment.
fn connector() -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT);
    let connector = Connector::builder()
        .connector_settings(settings.build())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .proxy_config(ProxyConfig::from_env())
        // The one that the AWS SDK uses: one TLS stack in the binary.
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build();
    SharedHttpConnector::new(connector)
}

impl Salesforce {
    /// A client on this way to Salesforce, or on the real one.
    pub(crate) fn new(
        http: Option<SharedHttpConnector>,
        api_version: String,
        clock: Clock,
    ) -> Self {
        Self {
            http: http.map_or_else(OnceLock::new, OnceLock::from),
            api_version,
            clock,
            nearly_used_up: AtomicBool::new(false),
        }
    }

    /// Creates at most [`MAX_RECORDS_PER_CALL`] records, each a JSON object and on its own, and returns
    /// one result for each, in order.
    pub(crate) async fn create(
        &self,
        token: &Token,
        records: &[&str],
        timeout: Duration,
    ) -> Result<Vec<Item>, CallError> {
        let url = self.url(token, &["composite", "sobjects"]);
        let request = request_of("POST", &url, token, create_body(records));
        let answer = self.send(request, timeout).await?;
        if !answer.is_success() {
            return Err(answer.refused());
        }
        reply::items(&answer.body, records.len()).ok_or_else(|| CallError::Lost {
            cause: "the answer is no list of one result for each record".to_owned(),
        })
    }

    /// Finds the Case whose `field` holds `event_id`.
    pub(crate) async fn find(
        &self,
        token: Arc<Token>,
        field: &str,
        event_id: &str,
        timeout: Duration,
    ) -> Result<Option<Found>, CallError> {
        let mut url = self.url(&token, &["sobjects", "Case", field, event_id]);
        url.set_query(Some("fields=Id,CreatedDate"));
        let request = request_of("GET", &url, &token, Vec::new());
        let answer = self.send(request, timeout).await?;
        match answer.status {
            404 => Ok(None),
            // Several records hold the value: the field is not unique in this org.
            300 => Ok(Some(Found { created_at: None })),
            _ if answer.is_success() => Ok(Some(found(&answer.body))),
            _ => Err(answer.refused()),
        }
    }

    /// Whether the org has hardly any requests left today.
    pub(crate) fn is_nearly_used_up(&self) -> bool {
        self.nearly_used_up.load(Ordering::Relaxed)
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

    async fn send(&self, request: HttpRequest, timeout: Duration) -> Result<Answer, CallError> {
        let call = async {
            let answer = self
                .http
                .get_or_init(connector)
                .call(request)
                .await
                .map_err(|error| not_answered(&error))?;
            self.see_usage(answer.headers());
            let status = answer.status().as_u16();
            let body = ByteStream::new(answer.into_body()).collect().await;
            let body = body.map_err(|error| CallError::Lost {
                cause: chain(&error),
            })?;
            Ok(Answer {
                status,
                body: body.into_bytes().into(),
            })
        };
        let answer = self.clock.timeout(timeout, call).await;
        answer.unwrap_or_else(|timeout| {
            Err(CallError::Lost {
                cause: timeout.to_string(),
            })
        })
    }

    fn see_usage(&self, headers: &Headers) {
        if let Some((used, limit)) = headers.get("sforce-limit-info").and_then(usage) {
            let nearly = used.saturating_mul(100) >= limit.saturating_mul(USED_UP_PERCENT);
            self.nearly_used_up.store(nearly, Ordering::Relaxed);
            tt_metrics::gauge!(API_USAGE, Unit::Percent, percent(used, limit));
            if nearly {
                tracing::warn!(used, limit, "the org has hardly any requests left");
            }
        }
    }
}

impl Answer {
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn refused(&self) -> CallError {
        CallError::Answer {
            status: self.status,
            refusal: reply::first_error(&self.body),
        }
    }
}

fn create_body(records: &[&str]) -> Vec<u8> {
    const HEAD: &str = r#"{"allOrNone":false,"records":["#;
    let length: usize = records.iter().map(|record| record.len() + 1).sum();
    let mut body = String::with_capacity(HEAD.len() + length + 2);
    body.push_str(HEAD);
    for (place, record) in records.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        body.push_str(record);
    }
    body.push_str("]}");
    body.into_bytes()
}

fn request_of(method: &str, url: &Url, token: &Token, body: Vec<u8>) -> HttpRequest {
    let length = body.len();
    let mut request = HttpRequest::new(SdkBody::from(body));
    #[expect(
        clippy::expect_used,
        reason = "a URL is an address, the method is a constant"
    )]
    {
        request.set_uri(url.as_str()).expect("a URL is an address");
        request
            .set_method(method)
            .expect("GET and POST are methods");
    }
    let headers = request.headers_mut();
    headers.insert(
        "authorization",
        token.authorization().expose_secret().to_owned(),
    );
    headers.insert(
        "user-agent",
        concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
    );
    if length > 0 {
        headers.insert("content-type", "application/json");
        headers.insert("content-length", length.to_string());
    }
    request
}

/// Reads the header `Sforce-Limit-Info`, such as `api-usage=18/5000`: requests of the org in the last
/// 24 hours, and its limit.
fn usage(header: &str) -> Option<(u64, u64)> {
    let parts = header.split([',', ';']).map(str::trim);
    let mut usages = parts.filter_map(|part| part.strip_prefix("api-usage="));
    let (used, limit) = usages.next()?.split_once('/')?;
    let (used, limit) = (used.trim().parse().ok()?, limit.trim().parse().ok()?);
    // An org without a limit has no share of it.
    (limit > 0).then_some((used, limit))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "requests of a day are fewer than 2^53"
)]
fn percent(used: u64, limit: u64) -> f64 {
    100.0 * used as f64 / limit as f64
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

    #[test]
    fn the_usage_of_the_org_is_read_from_its_header() {
        assert_eq!(usage("api-usage=18/5000"), Some((18, 5000)));
        let with_app = "api-usage=25/5000; per-app-api-usage=17/250(appName=sample)";
        assert_eq!(usage(with_app), Some((25, 5000)));
        for strange in [
            "",
            "api-usage=",
            "api-usage=x/5",
            "per-app-api-usage=1/2",
            "api-usage=0/0",
        ] {
            assert_eq!(usage(strange), None, "{strange}");
        }
    }

    #[test]
    fn calls_are_held_back_from_the_share_on_and_no_longer_when_it_falls() {
        let salesforce = Salesforce::new(None, "v62.0".to_owned(), Clock::system());
        let sees = |usage: &'static str| {
            let mut headers = Headers::new();
            headers.insert("sforce-limit-info", usage);
            salesforce.see_usage(&headers);
            salesforce.is_nearly_used_up()
        };
        assert!(!sees("api-usage=4749/5000"));
        assert!(sees("api-usage=4750/5000"));
        assert!(sees("nothing that is known"));
        assert!(!sees("api-usage=18/5000"));
    }
}
