//! A Salesforce stand-in on loopback: OAuth tokens, Cases with an external id, and scripted faults.
//!
//! It enforces what a real org enforces (field lengths, the unique external id, 200 records a call, sessions that
//! expire), so that a refusal in the demo is a refusal by rule. `GET /_standin/cases` shows what was stored.

mod answer;
mod record_id;

mod schema;
mod store;
mod world;

mod fault;
mod oauth;
mod session;

mod changes;
mod collections;
mod describe;
mod sobjects;
mod soql;

mod admin;

use std::net::{Ipv4Addr, SocketAddr};

use axum::{Router, extract::DefaultBodyLimit, middleware, routing};
use tokio::{net::TcpListener, sync::oneshot};

use self::{answer::ApiError, world::Shared};
pub use self::{
    fault::{Api, Fault},
    store::Case,
    world::{Counts, Rules},
};

/// The client credentials that the stand-in accepts.
pub const CLIENT_ID: &str = "tt-local-client";
/// The client secret that the stand-in accepts.
pub const CLIENT_SECRET: &str = "tt-local-secret";
/// The unique external id field of Case.
pub const EXTERNAL_ID: &str = "TT_Event_Id__c";

/// A Case with every text field full is about 40 kB, and a call carries 200 of them.
const MAX_BODY_BYTES: usize = 16 << 20;

/// A running stand-in on a loopback port; dropping it stops it.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    shared: Shared,
    /// Dropping the sender is the signal to stop.
    _stop: oneshot::Sender<()>,
}

impl StandIn {
    /// Starts a stand-in on 127.0.0.1; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// When the port is taken.
    pub async fn start(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let shared = Shared::new(format!("http://{address}"));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, router(shared.clone()));
        tokio::spawn(async move {
            let ended = server
                .with_graceful_shutdown(async { drop(stopped.await) })
                .await;
            if let Err(error) = ended {
                tracing::warn!(%error, "the Salesforce stand-in ended early");
            }
        });
        Ok(Self {
            address,
            shared,
            _stop: stop,
        })
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every Case, oldest first.
    pub fn cases(&self) -> Vec<Case> {
        self.shared.world().cases.all().to_vec()
    }

    /// What was asked for and what was stored, by external id.
    pub fn counts(&self) -> Counts {
        self.shared.world().counts()
    }

    /// Queues faults: each request to `api` takes the next one, and none is left means normal answers.
    pub fn script(&self, api: Api, faults: impl IntoIterator<Item = Fault>) {
        self.shared.world().faults.extend(api, faults);
    }

    /// Replaces the org's own rules.
    pub fn set_rules(&self, rules: Rules) {
        self.shared.world().rules = rules;
    }

    /// Ends every session: the next call with any token issued so far is a 401.
    pub fn expire_tokens(&self) {
        self.shared.world().sessions.clear();
    }

    /// Forgets Cases, counts, faults and rules; sessions stay valid.
    pub fn reset(&self) {
        self.shared.world().reset();
    }
}

fn router(shared: Shared) -> Router {
    let case = routing::get(describe::case).post(sobjects::create);
    let by_id = routing::get(sobjects::read)
        .patch(sobjects::update)
        .delete(sobjects::delete);
    let by_external_id = routing::get(sobjects::read_by_external_id).patch(sobjects::upsert);
    let routes = [
        ("/limits", routing::get(describe::limits)),
        ("/query", routing::get(soql::query)),
        ("/query/{locator}", routing::get(soql::more)),
        ("/sobjects", routing::get(describe::objects)),
        ("/sobjects/Case", case),
        ("/sobjects/Case/describe", routing::get(describe::case)),
        ("/sobjects/Case/{id}", by_id),
        ("/sobjects/Case/{field}/{value}", by_external_id),
        (
            "/composite/sobjects",
            routing::post(collections::create)
                .patch(changes::update)
                .delete(changes::delete),
        ),
        (
            "/composite/sobjects/{object}",
            routing::get(changes::read).post(changes::read_many),
        ),
        (
            "/composite/sobjects/{object}/{field}",
            routing::patch(collections::upsert),
        ),
    ];
    let mut data = Router::new().route("/", routing::get(describe::resources));
    for (path, methods) in routes {
        // Some clients end every path with a slash, and Salesforce does not mind.
        data = data
            .route(&format!("{path}/"), methods.clone())
            .route(path, methods);
    }
    let data = data
        .fallback(async || ApiError::no_resource())
        .method_not_allowed_fallback(async || ApiError::no_method())
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            session::require,
        ));
    Router::new()
        .route("/services/oauth2/token", routing::post(oauth::token))
        .route("/services/oauth2/revoke", routing::post(oauth::revoke))
        .route("/id/{org}/{user}", routing::get(oauth::identity))
        .route("/services/data", routing::get(describe::versions))
        .route("/services/data/", routing::get(describe::versions))
        .nest("/services/data/{version}", data)
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            fault::inject,
        ))
        .nest("/_standin", admin::router())
        .fallback(async || ApiError::no_resource())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(shared)
}

#[cfg(test)]
mod tests;
