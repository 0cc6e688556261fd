//! A Salesforce stand-in: token endpoint, `composite/sobjects`, external ids, scripted faults.

use std::net::SocketAddr;

/// A Case as the stand-in stores it.
#[derive(Debug, Clone)]
pub struct Case {
    /// Salesforce id, 18 characters.
    pub id: String,
    /// `TT_Event_Id__c`, if it was sent.
    pub event_id: Option<String>,
    /// All fields as sent.
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// A running stand-in on a loopback port; dropping it stops it.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
}

/// The client credentials that the stand-in accepts.
pub const CLIENT_ID: &str = "tt-local-client";
/// The client secret that the stand-in accepts.
pub const CLIENT_SECRET: &str = "tt-local-secret";

impl StandIn {
    /// Starts a stand-in on 127.0.0.1; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// When the port is taken.
    #[expect(clippy::unused_async, reason = "not written yet")]
    pub async fn start(port: u16) -> std::io::Result<Self> {
        Err(std::io::Error::other(format!("not written yet: {port}")))
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every Case, oldest first.
    pub fn cases(&self) -> Vec<Case> {
        Vec::new()
    }
}
