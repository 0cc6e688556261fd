//! The last rejected login. Sending the same credentials again would fail again, and may lock the user out.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::error::LoginError;
use crate::{config::origin::Origin, store::Credentials};

/// The last rejected login of this process.
#[derive(Debug, Default)]
pub(crate) struct RefusalMemory(Mutex<Option<Refusal>>);

/// Identifies a login without containing the credentials. Corrected credentials are another login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoginDigest([u8; 32]);

#[derive(Debug)]
struct Refusal {
    login: LoginDigest,
    at: Instant,
    status: u16,
    code: String,
}

impl LoginDigest {
    pub(crate) fn new(login_url: &Origin, credentials: &Credentials) -> Self {
        let id = credentials.client_id.expose_secret();
        let secret = credentials.client_secret.expose_secret();
        let mut digest = Sha256::new();
        for part in [login_url.as_str(), id, secret] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

impl RefusalMemory {
    /// Returns the error of a login that was rejected less than `memory` ago.
    pub(crate) fn find(
        &self,
        login: LoginDigest,
        login_url: &Origin,
        memory: Duration,
    ) -> Option<LoginError> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.as_ref().filter(|last| last.login == login)?;
        (last.at.elapsed() < memory).then(|| LoginError::StillRefused {
            login_url: login_url.clone(),
            seconds: memory.as_secs(),
            status: last.status,
            code: last.code.clone(),
        })
    }

    /// Stores the error of a login, if the login was rejected.
    pub(crate) fn remember(&self, login: LoginDigest, error: &LoginError) {
        let LoginError::Refused { status, code, .. } = error else {
            return;
        };
        let refusal = Refusal {
            login,
            at: Instant::now(),
            status: *status,
            code: code.clone(),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }
}
