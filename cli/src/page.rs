//! The live page: the report on a loopback port, drawn again when the numbers change.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    extract::State,
    http::header::CACHE_CONTROL,
    response::{Html, IntoResponse},
    routing::get,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{error::Error, picture::Picture, report};

/// The newest picture and how many there were before it.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// 0 before the first picture.
    pub revision: u64,
    /// The newest picture.
    pub picture: Option<Picture>,
}

/// A served page; dropping it ends the service.
pub struct Page {
    address: SocketAddr,
    service: JoinHandle<io::Result<()>>,
    shown: watch::Sender<Shown>,
}

impl Page {
    /// Serves the page on 127.0.0.1; port 0 takes a free one.
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
        let (shown, latest) = watch::channel(Shown::default());
        let service = tokio::spawn(async move { axum::serve(listener, router(latest)).await });
        Ok(Self {
            address,
            service,
            shown,
        })
    }

    /// `http://127.0.0.1:<port>/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Replaces the picture.
    pub fn show(&self, picture: Picture) {
        self.shown.send_modify(|shown| {
            shown.revision += 1;
            shown.picture = Some(picture);
        });
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Page")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.service.abort();
    }
}

type Latest = watch::Receiver<Shown>;

fn router(latest: Latest) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/picture", get(picture))
        .route("/metrics.json", get(metrics))
        .with_state(latest)
}

async fn page(State(latest): State<Latest>) -> impl IntoResponse {
    fresh(Html(report::live_html(latest.borrow().picture.as_ref())))
}

async fn picture(State(latest): State<Latest>) -> impl IntoResponse {
    let shown = latest.borrow();
    let body = shown
        .picture
        .as_ref()
        .map_or_else(report::body_before_the_first_picture, report::body);
    fresh(Html(body))
}

async fn metrics(State(latest): State<Latest>) -> impl IntoResponse {
    fresh(Json(numbers(&latest.borrow())))
}

fn fresh(answer: impl IntoResponse) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], answer)
}

/// `{"revision", "namespace", "read_at", "series": [{"name", "sum", "points": [[seconds, value]]}]}`.
fn numbers(shown: &Shown) -> Value {
    let Some(picture) = &shown.picture else {
        return json!({ "revision": shown.revision, "series": [] });
    };
    let series: Vec<Value> = picture
        .series
        .iter()
        .map(|series| {
            let points: Vec<(u64, f64)> = series
                .points
                .iter()
                .map(|(at, value)| (seconds(*at), *value))
                .collect();
            json!({ "name": series.name, "sum": series.total(), "points": points })
        })
        .collect();
    json!({
        "revision": shown.revision,
        "namespace": picture.namespace,
        "read_at": seconds(picture.read_at),
        "series": series,
    })
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::Page;
    use crate::{error::Error, picture::tests::five_records};

    async fn get(page: &Page, path: &str) -> String {
        reqwest::get(format!("{}{path}", page.url()))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn the_page_says_that_the_demo_starts_until_there_is_a_picture() {
        let page = Page::serve(0).await.unwrap();
        assert!(get(&page, "").await.contains("The demo is starting"));
        assert!(get(&page, "metrics.json").await.contains("\"revision\":0"));
        page.show(five_records());
        assert!(get(&page, "").await.contains("5 records, 5 Cases"));
        assert!(
            get(&page, "picture")
                .await
                .starts_with("<p class=\"over\">")
        );
    }

    #[tokio::test]
    async fn every_new_picture_is_a_new_revision_with_its_sums() {
        let page = Page::serve(0).await.unwrap();
        page.show(five_records());
        page.show(five_records());
        let numbers: serde_json::Value =
            serde_json::from_str(&get(&page, "metrics.json").await).unwrap();
        assert_eq!(numbers["revision"], 2);
        assert_eq!(numbers["series"][3]["name"], "SFCaseCreated");
        assert_eq!(numbers["series"][3]["sum"], 5.0);
        assert_eq!(numbers["series"][3]["points"][0][1], 2.0);
    }

    #[tokio::test]
    async fn a_port_in_use_is_said_so() {
        let page = Page::serve(0).await.unwrap();
        let port = page.address.port();
        assert!(matches!(Page::serve(port).await, Err(Error::PortInUse { port: p }) if p == port));
    }
}
