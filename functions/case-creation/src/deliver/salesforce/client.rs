//! The client of the Salesforce REST API: creates Cases in one call, finds one by its external id.

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
use retry::Clock;
use secrecy::ExposeSecret;
use tt_metrics::{MetricName, Unit};
use url::Url;

use super::{
    call_error::{CallError, chain, not_answered},
    reply::{self, FoundCase, RecordReply},
    token::Token,
};

/// The largest number of records in a call of `composite/sobjects`
/// ([limits](https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_create.htm)).
pub(crate) const MAX_RECORDS_PER_CALL: usize = 200;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Shorter than the timeout of Salesforce, because connections are closed while the environment is frozen.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(40);
/// The longest answer that is read. Results of 200 records have less than 100 KB, and with long messages less than 1 MB.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// Calls are held back from this percentage of the org's daily requests on.
const USED_UP_PERCENT: u64 = 95;

/// The used share of the org's daily requests, when an answer contained it.
const API_USAGE: MetricName = MetricName::new("SFApiUsagePercent");

/// A client that is created once and keeps its connections. The token is passed with each request.
#[derive(Debug)]
pub(crate) struct Salesforce {
    /// Created for the first call: it reads the certificates of the system, which takes as long as the rest of a cold
    /// start.
    http: OnceLock<SharedHttpConnector>,
    api_version: String,
    clock: Clock,
    /// Whether the last answer reported a usage above [`USED_UP_PERCENT`].
    nearly_used_up: AtomicBool,
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

/// The connector to the real Salesforce: HTTPS, pooled connections, the proxy of the environment.
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
    /// Creates a client with this connector, or with the one to the real Salesforce.
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

    /// Creates at most [`MAX_RECORDS_PER_CALL`] records, each a JSON object, independently of each other. Returns one
    /// result for each, in order.
    pub(crate) async fn create(
        &self,
        token: &Token,
        records: &[&str],
        timeout: Duration,
    ) -> Result<Vec<RecordReply>, CallError> {
        let url = self.url(token, &["composite", "sobjects"]);
        let request = request_of("POST", &url, token, create_body(records));
        let answer = self.send(request, timeout).await?;
        if !answer.is_success() {
            return Err(answer.error(token));
        }
        let replies = reply::record_replies(&answer.body, records.len());
        let mut replies = replies.ok_or_else(|| CallError::Lost {
            cause: "the answer is no list of one result for each record".to_owned(),
        })?;
        for reply in &mut replies {
            if let Some(Err(rejection)) = reply {
                token.withhold_from(rejection);
            }
        }
        Ok(replies)
    }

    /// Finds the Case whose `field` contains `event_id`.
    ///
    /// Only the JSON of a Case, or of the error that no record has this external id, is an answer: a proxy or a
    /// maintenance page can answer with the same statuses.
    pub(crate) async fn find(
        &self,
        token: Arc<Token>,
        field: &str,
        event_id: &str,
        timeout: Duration,
    ) -> Result<Option<FoundCase>, CallError> {
        let mut url = self.url(&token, &["sobjects", "Case", field, event_id]);
        url.set_query(Some("fields=Id,CreatedDate"));
        let request = request_of("GET", &url, &token, Vec::new());
        let answer = self.send(request, timeout).await?;
        match answer.status {
            404 if reply::is_no_such_case(reply::first_error(&answer.body).as_ref()) => Ok(None),
            // Several records contain the value: the field is not unique in this org.
            300 if reply::is_list_of_cases(&answer.body) => {
                Ok(Some(FoundCase { created_at: None }))
            }
            _ if answer.is_success() => {
                let case = reply::case(&answer.body);
                case.map(Some).ok_or_else(|| CallError::Lost {
                    cause: "the answer is not the JSON of a Case".to_owned(),
                })
            }
            _ => Err(answer.error(&token)),
        }
    }

    /// Whether the org has used up nearly all requests of the day.
    pub(crate) fn is_nearly_used_up(&self) -> bool {
        self.nearly_used_up.load(Ordering::Relaxed)
    }

    fn url(&self, token: &Token, path: &[&str]) -> Url {
        let mut url = token.instance_url().clone();
        // The address of a token can be a base, so it has segments.
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
            let body = read_body(answer.into_body()).await?;
            Ok(Answer { status, body })
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
                tracing::warn!(
                    used,
                    limit,
                    "the org has used up nearly all requests of the day"
                );
            }
        }
    }
}

impl Answer {
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn error(&self, token: &Token) -> CallError {
        let mut rejection = reply::first_error(&self.body);
        if let Some(rejection) = &mut rejection {
            token.withhold_from(rejection);
        }
        CallError::Answer {
            status: self.status,
            rejection,
        }
    }
}

/// Reads an answer up to [`MAX_ANSWER_BYTES`].
async fn read_body(body: SdkBody) -> Result<Vec<u8>, CallError> {
    let mut stream = ByteStream::new(body);
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| CallError::Lost {
            cause: chain(&error),
        })?;
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(CallError::Lost {
                cause: format!("the answer is longer than {MAX_ANSWER_BYTES} bytes"),
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
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
        reason = "a URL is a valid address, and the methods are constants"
    )]
    {
        request
            .set_uri(url.as_str())
            .expect("a URL is a valid address");
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn usage_above_the_threshold_is_recognised_until_it_falls() {
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
