//! An org on a loopback port.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{HOST, ORIGIN},
    },
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

use crate::org::Org;

/// A Case with every text field full is about 40 kB, and a call carries 200 of them.
const MAX_BODY_BYTES: usize = 16 << 20;

/// An org on a loopback port, by the clock of the machine. Dropping it stops the server.
#[derive(Debug)]
pub struct StandIn {
    org: Org,
    /// Dropping the sender is the signal to stop.
    _stop: oneshot::Sender<()>,
}

impl StandIn {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let org = Org::new(format!("http://{address}"), Timestamp::now);
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new()
            .fallback(answer)
            .with_state((org.clone(), address));
        let server = axum::serve(listener, router);
        tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            if let Err(error) = server.with_graceful_shutdown(stopped).await {
                tracing::warn!(%error, "the Salesforce stand-in ended early");
            }
        });
        Ok(Self { org, _stop: stop })
    }

    /// The org.
    pub fn org(&self) -> &Org {
        &self.org
    }

    /// The page that lists the stored Cases as JSON.
    pub fn cases_url(&self) -> String {
        format!("{}{CASES}", self.org.url())
    }
}

const CASES: &str = "/_standin/cases";

async fn answer(State((org, address)): State<(Org, SocketAddr)>, request: Request) -> Response {
    if !is_local_request(request.headers(), address.port()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if request.uri().path() == CASES {
        return Json(cases(&org)).into_response();
    }
    let (parts, body) = request.into_parts();
    match to_bytes(body, MAX_BODY_BYTES).await {
        Ok(body) => org.answer(Request::from_parts(parts, body)).await,
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    }
}

/// Whether a request to a loopback port comes from a local program and not from a web page.
///
/// A browser sends `Origin` with every request that a page of another origin can make with side effects. A page whose
/// host name resolves to 127.0.0.1 (DNS rebinding) is of the same origin and sends its own name as `Host`.
pub fn is_local_request(headers: &HeaderMap, port: u16) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_local = |host: &str| {
        let name = host.strip_suffix(&format!(":{port}"));
        name.is_some_and(|name| ["127.0.0.1", "localhost", "[::1]"].contains(&name))
    };
    !headers.contains_key(ORIGIN) && host.is_some_and(is_local)
}

fn cases(org: &Org) -> Value {
    let cases = org.cases().into_iter().map(|case| {
        let created_date = case.created_date();
        json!({ "id": case.id, "event_id": case.event_id, "created_date": created_date, "fields": case.fields })
    });
    cases.collect()
}
