//! The live page: the report on a loopback port, updated when the numbers change.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    extract::{Query, Request, State},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use salesforce_stand_in::is_local_request;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::document;
use crate::report::summary::Summary;

/// The served page; dropping it stops the server.
pub struct LivePage {
    address: SocketAddr,
    server: JoinHandle<io::Result<()>>,
    current: watch::Sender<Current>,
    stored: Arc<OnceLock<Stored>>,
}

/// The objects that the page links to.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The client of the endpoint.
    pub client: aws_sdk_s3::Client,
    /// The bucket.
    pub bucket: String,
    /// The beginning of every key that is shown.
    pub prefix: String,
}

/// Why the page cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The port is taken.
    #[error("port {port} is in use by another program")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The operating system refuses the port.
    #[error("failed to listen on {address} for the live page")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
}

/// The current summary and the number of summaries so far.
#[derive(Debug, Clone, Default)]
struct Current {
    revision: u64,
    summary: Option<Summary>,
}

type Receiver = watch::Receiver<Current>;

/// What the routes read.
#[derive(Debug, Clone)]
struct Served {
    current: Receiver,
    stored: Arc<OnceLock<Stored>>,
}

/// The query of an object.
#[derive(Debug, Deserialize)]
struct Object {
    key: String,
}

impl LivePage {
    /// Serves the page on 127.0.0.1; port 0 selects a free one.
    ///
    /// # Errors
    ///
    /// When the port is taken or not allowed.
    pub async fn serve(port: u16) -> Result<Self, Error> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => Error::PortInUse { port },
            _ => Error::Listen {
                address: wanted,
                source,
            },
        };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (current, receiver) = watch::channel(Current::default());
        let stored = Arc::<OnceLock<Stored>>::default();
        let state = Served {
            current: receiver,
            stored: Arc::clone(&stored),
        };
        let router = router(state, address.port());
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            address,
            server,
            current,
            stored,
        })
    }

    /// `http://127.0.0.1:<port>/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves the objects of a bucket. Only the first call has an effect.
    pub fn serve_objects(&self, stored: Stored) {
        let _kept = self.stored.set(stored);
    }

    /// Replaces the summary.
    pub fn update(&self, summary: Summary) {
        self.current.send_modify(|current| {
            current.revision += 1;
            current.summary = Some(summary);
        });
    }
}

impl fmt::Debug for LivePage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LivePage")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for LivePage {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn router(served: Served, port: u16) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/body", get(body))
        .route("/metrics.json", get(metrics))
        .route("/object", get(object))
        .layer(middleware::from_fn_with_state(port, refuse_other_pages))
        .with_state(served)
}

/// Refuses requests of pages of other origins; see [`is_local_request`].
async fn refuse_other_pages(State(port): State<u16>, request: Request, next: Next) -> Response {
    if is_local_request(request.headers(), port) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

async fn page(State(served): State<Served>) -> impl IntoResponse {
    uncached(Html(document::live(
        served.current.borrow().summary.as_ref(),
    )))
}

async fn body(State(served): State<Served>) -> impl IntoResponse {
    let current = served.current.borrow();
    let body = current.summary.as_ref();
    uncached(Html(body.map_or_else(document::empty_body, document::body)))
}

async fn metrics(State(served): State<Served>) -> impl IntoResponse {
    uncached(Json(numbers(&served.current.borrow())))
}

/// A stored object as text, which the browser does not interpret.
async fn object(State(served): State<Served>, Query(Object { key }): Query<Object>) -> Response {
    let Some(stored) = served
        .stored
        .get()
        .filter(|stored| key.starts_with(&stored.prefix))
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let object = stored
        .client
        .get_object()
        .bucket(&stored.bucket)
        .key(key)
        .send()
        .await;
    let body = match object {
        Ok(object) => object.body.collect().await,
        Err(_) => return StatusCode::NOT_FOUND.into_response(),
    };
    let Ok(body) = body else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    uncached((headers, body.into_bytes())).into_response()
}

fn uncached(answer: impl IntoResponse) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], answer)
}

/// `{"revision", "namespace", "read_at", "series": [{"name", "sum", "points": [[seconds, value]]}]}`.
fn numbers(current: &Current) -> Value {
    let Some(summary) = &current.summary else {
        return json!({ "revision": current.revision, "series": [] });
    };
    let series: Vec<Value> = summary
        .series
        .iter()
        .map(|series| {
            let points = series.points.iter();
            let points: Vec<(u64, f64)> =
                points.map(|(at, value)| (seconds(*at), *value)).collect();
            json!({ "name": series.metric.name, "sum": series.total(), "points": points })
        })
        .collect();
    json!({
        "revision": current.revision,
        "namespace": summary.namespace,
        "read_at": seconds(summary.read_at),
        "series": series,
    })
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::{Error, LivePage};
    use crate::report::summary::tests::five_records;

    async fn get(page: &LivePage, path: &str) -> String {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(format!("{}{path}", page.url())).send().await;
        answer.unwrap().text().await.unwrap()
    }

    #[tokio::test]
    async fn page_shows_the_latest_summary() {
        let page = LivePage::serve(0).await.unwrap();
        assert!(get(&page, "").await.contains("The demo is starting"));
        assert!(get(&page, "metrics.json").await.contains("\"revision\":0"));
        page.update(five_records());
        assert!(get(&page, "").await.contains("5 records, 5 Cases"));
        assert!(get(&page, "body").await.starts_with("<p class=\"over\">"));
        assert_eq!(
            get(&page, "object?key=parked/a").await,
            "",
            "no bucket is served"
        );
    }

    #[tokio::test]
    async fn each_update_is_a_new_revision() {
        let page = LivePage::serve(0).await.unwrap();
        page.update(five_records());
        page.update(five_records());
        let numbers: serde_json::Value =
            serde_json::from_str(&get(&page, "metrics.json").await).unwrap();
        assert_eq!(numbers["revision"], 2);
        assert_eq!(numbers["series"][3]["name"], "SFCaseCreated");
        assert_eq!(numbers["series"][3]["sum"], 5);
        assert_eq!(numbers["series"][3]["points"][0][1], 2.0);
    }

    #[tokio::test]
    async fn busy_port_is_reported() {
        let page = LivePage::serve(0).await.unwrap();
        let port = page.address.port();
        let error = LivePage::serve(port).await;
        assert!(matches!(error, Err(Error::PortInUse { port: busy }) if busy == port));
    }

    #[tokio::test]
    async fn requests_of_other_pages_are_refused() {
        let page = LivePage::serve(0).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let rebound = format!("rebound.example:{}", page.address.port());
        for (name, value) in [("host", &*rebound), ("origin", "https://page.example")] {
            let request = http.get(page.url()).header(name, value);
            assert_eq!(request.send().await.unwrap().status(), 403, "{name}");
        }
    }
}
