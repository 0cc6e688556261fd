//! An S3 of three operations, `HeadObject`, `GetObject` and `PutObject`, with scripted faults.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};

/// The entity tag of every object.
pub(crate) const E_TAG: &str = "0123456789abcdef";

/// What goes wrong with one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Refused: HTTP status and error code.
    Error(u16, &'static str),
    /// The body of a read breaks after this many bytes.
    Cut(usize),
    /// The body of a read stops, and stays open, after this many bytes; a write gets no answer.
    Stall(usize),
}

/// The server: what it holds, and what it was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct S3 {
    state: Arc<Mutex<Store>>,
}

#[derive(Debug, Default)]
struct Store {
    objects: BTreeMap<String, Vec<u8>>,
    faults: VecDeque<Fault>,
    reads: Vec<String>,
    write_faults: VecDeque<Fault>,
    writes: usize,
    looked_for: usize,
    read_only: bool,
}

impl S3 {
    pub(crate) async fn start() -> (Self, aws_sdk_s3::Client) {
        let s3 = Self::default();
        let router = Router::new().fallback(serve).with_state(s3.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (s3, client(&format!("http://{address}")))
    }

    /// Holds an object; its path is bucket and key, encoded as in a request.
    pub(crate) fn hold(&self, path: &str, content: impl Into<Vec<u8>>) {
        self.store().objects.insert(path.to_owned(), content.into());
    }

    /// Lets the next reads fail.
    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.store().faults = faults.into_iter().collect();
    }

    /// Refuses every write from now on.
    pub(crate) fn refuse_writes(&self) {
        self.store().read_only = true;
    }

    /// Accepts writes again.
    pub(crate) fn accept_writes(&self) {
        self.store().read_only = false;
    }

    /// Lets the next writes fail.
    pub(crate) fn fail_writes(&self, faults: impl IntoIterator<Item = Fault>) {
        self.store().write_faults = faults.into_iter().collect();
    }

    /// How many writes were asked for.
    pub(crate) fn writes(&self) -> usize {
        self.store().writes
    }

    /// Version, guard and range of each read.
    pub(crate) fn reads(&self) -> Vec<String> {
        self.store().reads.clone()
    }

    /// Every object under a prefix of its path.
    pub(crate) fn under(&self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let store = self.store();
        let objects = store
            .objects
            .iter()
            .filter(|(path, _)| path.starts_with(prefix));
        objects
            .map(|(path, content)| (path.clone(), content.clone()))
            .collect()
    }

    /// Takes every object under a prefix away.
    pub(crate) fn take(&self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let found = self.under(prefix);
        self.store()
            .objects
            .retain(|path, _| !path.starts_with(prefix));
        found
    }

    /// The keys of all objects that were looked for.
    pub(crate) fn looked_for(&self) -> usize {
        self.store().looked_for
    }

    fn head(&self, path: &str, uri: &Uri, is_same: bool) -> Response {
        let mut store = self.store();
        store.looked_for += 1;
        match store.objects.get(path) {
            Some(content) if is_known(uri) && is_same => Response::builder()
                .header("etag", format!("\"{E_TAG}\""))
                .header("content-length", content.len())
                .body(Body::empty())
                .unwrap(),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.state.lock().unwrap()
    }
}

/// Every version exists but those that are called unknown.
fn is_known(uri: &Uri) -> bool {
    !uri.query()
        .unwrap_or_default()
        .contains("versionId=unknown")
}

fn client(endpoint: &str) -> aws_sdk_s3::Client {
    use aws_sdk_s3::config::{
        BehaviorVersion, Config, Credentials, Region, RequestChecksumCalculation,
        retry::RetryConfig,
    };
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .retry_config(RetryConfig::disabled())
        .endpoint_url(endpoint);
    aws_sdk_s3::Client::from_conf(config.build())
}

async fn serve(
    State(s3): State<S3>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().trim_start_matches('/').to_owned();
    if method == Method::PUT {
        let fault = {
            let mut store = s3.store();
            store.writes += 1;
            store.write_faults.pop_front()
        };
        match fault {
            Some(Fault::Error(status, code)) => return error(status, code),
            Some(_) => std::future::pending().await,
            None if s3.store().read_only => return error(403, "AccessDenied"),
            None => {}
        }
        s3.store().objects.insert(path, body.to_vec());
        return StatusCode::OK.into_response();
    }
    if method == Method::HEAD {
        return s3.head(
            &path,
            &uri,
            headers
                .get("if-match")
                .is_none_or(|tag| *tag == format!("\"{E_TAG}\"")),
        );
    }
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    let version = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .find(|p| p.starts_with("versionId"));
    let range = header("range");
    let read = [version, header("if-match"), range]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    let mut store = s3.store();
    store.reads.push(read.join(" "));
    if !is_known(&uri) {
        return error(404, "NoSuchVersion");
    }
    if header("if-match").is_some_and(|tag| tag != format!("\"{E_TAG}\"")) {
        return error(412, "PreconditionFailed");
    }
    let fault = store.faults.pop_front();
    if let Some(Fault::Error(status, code)) = fault {
        return error(status, code);
    }
    match store.objects.get(&path) {
        Some(content) => object(content, range, fault.as_ref()),
        None => error(404, "NoSuchKey"),
    }
}

fn object(content: &[u8], range: Option<&str>, fault: Option<&Fault>) -> Response {
    let start = range.map_or(0, |range| {
        let start = range
            .strip_prefix("bytes=")
            .unwrap()
            .strip_suffix('-')
            .unwrap();
        start.parse::<usize>().unwrap()
    });
    let part = content[start..].to_vec();
    let response = Response::builder()
        .status(if range.is_some() { 206 } else { 200 })
        .header("etag", format!("\"{E_TAG}\""))
        .header("content-length", part.len())
        .header(
            "content-range",
            format!("bytes {start}-{}/{}", content.len(), content.len()),
        );
    let first =
        |length: usize| Ok::<_, &str>(Bytes::copy_from_slice(&part[..length.min(part.len())]));
    let body = match fault {
        Some(Fault::Cut(length)) => {
            // The pause lets the server send what it has before the break.
            let broken = stream::once(async {
                tokio::task::yield_now().await;
                Err("cut")
            });
            Body::from_stream(stream::iter([first(*length)]).chain(broken))
        }
        Some(Fault::Stall(length)) => {
            Body::from_stream(stream::iter([first(*length)]).chain(stream::pending()))
        }
        _ => Body::from(part),
    };
    response.body(body).unwrap()
}

fn error(status: u16, code: &str) -> Response {
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    (
        StatusCode::from_u16(status).unwrap(),
        [("content-type", "application/xml")],
        body,
    )
        .into_response()
}
