//! The login that was refused last: sending it again would be refused again, and may lock the user out.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::{oauth::OAuthError, origin::Origin, secrets::Credentials};

/// Remembers one refusal for a while, in this process alone.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<Option<Refusal>>);

/// Which login, never the credentials themselves: mended ones are another login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Login([u8; 32]);

#[derive(Debug)]
struct Refusal {
    login: Login,
    at: Instant,
    status: u16,
    code: String,
}

impl Login {
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

impl Refused {
    /// The answer to a login that was refused less than `patience` ago.
    pub(crate) fn find(
        &self,
        login: Login,
        login_url: &Origin,
        patience: Duration,
    ) -> Option<OAuthError> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.as_ref().filter(|last| last.login == login)?;
        (last.at.elapsed() < patience).then(|| OAuthError::StillRefused {
            login_url: login_url.clone(),
            seconds: patience.as_secs(),
            status: last.status,
            code: last.code.clone(),
        })
    }

    /// Remembers the error of a login, if it is a refusal.
    pub(crate) fn remember(&self, login: Login, error: &OAuthError) {
        let OAuthError::Refused { status, code, .. } = error else {
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
