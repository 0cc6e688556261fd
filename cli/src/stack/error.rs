//! Why the local stack failed, and what to do.

use std::{
    error::Error as StdError,
    io,
    path::{Path, PathBuf},
};

use aws_sdk_cloudformation::error::ProvideErrorMetadata;

use super::functions::{build, package, template};
use crate::{python, workspace};

/// Why the local stack failed, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The workspace or its target directory was not found.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// There is no virtual environment.
    #[error(transparent)]
    Python(#[from] python::Error),
    /// The Lambdas do not build.
    #[error(transparent)]
    Build(#[from] build::Error),
    /// A Lambda could not be packed.
    #[error(transparent)]
    Package(#[from] package::Error),
    /// The template and the packages do not match.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// No process runs a stack.
    #[error("no local stack is running; start one with `cargo tt demo` in another terminal")]
    NotRunning,
    /// No port of the loopback address is free.
    #[error("failed to find a free port on 127.0.0.1")]
    Port(#[source] io::Error),
    /// Another process took the port of the AWS endpoint.
    #[error("port {port} is in use")]
    BusyPort {
        /// The port.
        port: u16,
    },
    /// A file operation failed.
    #[error("failed to {action} {}", path.display())]
    Io {
        /// The operation.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The AWS endpoint did not start.
    #[error("the local AWS endpoint did not start (log: {})", log.display())]
    Start {
        /// Its log.
        log: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The AWS endpoint did not end.
    #[error("process {pid} of the local AWS endpoint does not end; end it with `kill -9 {pid}`")]
    StillRunning {
        /// The process.
        pid: u32,
        /// The cause.
        source: io::Error,
    },
    /// The local Salesforce did not start.
    #[error("the local Salesforce did not start")]
    Salesforce(#[source] io::Error),
    /// The AWS endpoint ended while it was in use.
    #[error("the local AWS endpoint ended unexpectedly with {exit} (log: {})", log.display())]
    Ended {
        /// Exit code or signal.
        exit: String,
        /// Its log.
        log: PathBuf,
    },
    /// A task that packs a Lambda failed.
    #[error("failed to pack the Lambdas")]
    Packing(#[source] tokio::task::JoinError),
    /// An AWS operation failed.
    #[error("failed to {action}")]
    Aws {
        /// The operation.
        action: String,
        /// The log of the endpoint, if this process runs it.
        log: Option<PathBuf>,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A resource of template.yaml could not be created.
    #[error("the stack was not created: {resource}: {reason} (log: {})", log.display())]
    Create {
        /// The first resource that failed.
        resource: String,
        /// The reason that `CloudFormation` gave.
        reason: String,
        /// The log of the endpoint.
        log: PathBuf,
    },
    /// The stack has no such resource.
    #[error("template.yaml has no resource `{logical_id}`")]
    NoResource {
        /// Its logical id.
        logical_id: String,
    },
    /// TMS Token Manager returned an error.
    #[error("TMS Token Manager could not get the first token: {answer}")]
    FirstToken {
        /// Its response.
        answer: String,
    },
}

impl Error {
    /// Maps the error of an AWS operation, reduced to code and message.
    pub(super) fn aws<E>(action: impl Into<String>) -> impl FnOnce(E) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let action = action.into();
        move |error| {
            let source = reduced(error);
            Self::Aws {
                action,
                log: None,
                source,
            }
        }
    }

    /// Adds the log of the endpoint to an AWS error.
    pub(super) fn with_log(mut self, log: &Path) -> Self {
        if let Self::Aws { log: found, .. } = &mut self {
            *found = Some(log.to_owned());
        }
        self
    }
}

/// The error of an AWS operation, reduced to code and message on one line.
pub(crate) fn reduced<E>(error: E) -> Box<dyn StdError + Send + Sync>
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), message) => {
            // Messages may contain line feeds; errors are printed on one line.
            let words: Vec<_> = message.unwrap_or_default().split_whitespace().collect();
            format!("{code}: {}", words.join(" ")).into()
        }
        // There was no response.
        (None, _) => Box::new(error),
    }
}
