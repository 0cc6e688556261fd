//! The local stack: ministack, the Salesforce stand-in and the stack made from `template.yaml`.

use std::path::PathBuf;

use crate::{progress::Progress, salesforce::StandIn};

/// How to start a [`LocalStack`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// Port of the AWS endpoint; a free one when `None`.
    pub port: Option<u16>,
}

/// An uploaded object: what a replayed notification needs.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// Bucket name.
    pub bucket: String,
    /// Object key, not encoded.
    pub key: String,
    /// Version id that S3 gave this upload.
    pub version_id: String,
}

/// A running local stack. [`LocalStack::stop`] ends it; dropping it kills what it started.
#[derive(Debug)]
pub struct LocalStack {
    _root: PathBuf,
}

/// Why the local stack could not do something; the text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not written yet.
    #[error("not written yet")]
    NotWritten,
}

impl LocalStack {
    /// Prepares the virtual environment, builds the Lambdas, starts everything and creates the stack.
    ///
    /// # Errors
    ///
    /// One sentence for each thing that can be missing: Python, network, a free port, a build.
    #[expect(clippy::unused_async, reason = "not written yet")]
    pub async fn start(_options: Options, _progress: &dyn Progress) -> Result<Self, Error> {
        Err(Error::NotWritten)
    }

    /// `http://127.0.0.1:<port>` of the AWS endpoint.
    pub fn endpoint(&self) -> &str {
        ""
    }

    /// SDK configuration that points at this stack.
    pub fn sdk_config(&self) -> &aws_config::SdkConfig {
        unimplemented!()
    }

    /// The bucket that takes uploads.
    pub fn bucket(&self) -> &str {
        ""
    }

    /// Physical name of a function, by its logical id in `template.yaml`.
    pub fn function(&self, _logical_id: &str) -> Option<&str> {
        None
    }

    /// The Salesforce stand-in.
    pub fn salesforce(&self) -> &StandIn {
        unimplemented!()
    }

    /// Uploads a file to where TT Producer is notified of it.
    ///
    /// # Errors
    ///
    /// When S3 refuses it.
    #[expect(clippy::unused_async, reason = "not written yet")]
    pub async fn upload(&self, _name: &str, _body: Vec<u8>) -> Result<Uploaded, Error> {
        Err(Error::NotWritten)
    }

    /// Stops everything this stack started and waits for it to end.
    ///
    /// # Errors
    ///
    /// When a process does not end.
    #[expect(clippy::unused_async, reason = "not written yet")]
    pub async fn stop(self) -> Result<(), Error> {
        Ok(())
    }
}
