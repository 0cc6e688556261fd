//! Why the local stack could not do something.

use std::{
    error::Error as StdError,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use aws_sdk_cloudformation::error::ProvideErrorMetadata;

use crate::{build, package, python, workspace};

/// Why the local stack could not do something; the text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The workspace or its target directory is not known.
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
    /// The running stack was not found or not announced.
    #[error(transparent)]
    State(#[from] super::state::Error),
    /// The wanted port is taken.
    #[error("port {port} is in use; choose another, or none to take a free one")]
    BusyPort {
        /// The wanted port.
        port: u16,
    },
    /// No port of the loopback address can be had.
    #[error("failed to listen on {address}")]
    Port {
        /// The wanted address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// A file or directory of the run failed.
    #[error("failed to {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// ministack did not come up.
    #[error("the local AWS endpoint did not start (log: {})", log.display())]
    Start {
        /// What it said.
        log: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// ministack did not end.
    #[error("process {pid} of the local AWS endpoint does not end; end it with `kill -9 {pid}`")]
    StillRunning {
        /// The process.
        pid: u32,
        /// The cause.
        source: io::Error,
    },
    /// The Salesforce stand-in did not start.
    #[error("the Salesforce stand-in did not start")]
    Salesforce {
        /// The cause.
        source: io::Error,
    },
    /// template.yaml does not name the code of a function exactly once.
    #[error("template.yaml has {found} lines `CodeUri: {code_uri}`, one was expected")]
    CodeUri {
        /// The path of the function.
        code_uri: String,
        /// How many lines name it.
        found: usize,
    },
    /// template.yaml names code that is not packaged.
    #[error("template.yaml has a function that `cargo tt` does not build: `{line}`")]
    UnknownCode {
        /// The line.
        line: String,
    },
    /// ministack came up and ended before it was told to.
    #[error("the local AWS endpoint ended unexpectedly with {ending} (log: {})", log.display())]
    Ended {
        /// Exit code or signal.
        ending: String,
        /// What it said.
        log: PathBuf,
    },
    /// A task of this program failed.
    #[error("failed to pack the Lambdas")]
    Packing {
        /// The cause.
        source: tokio::task::JoinError,
    },
    /// An AWS operation was refused.
    #[error("failed to {action}")]
    Aws {
        /// What was tried.
        action: String,
        /// What ministack said, where it belongs to this process.
        log: Option<PathBuf>,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A resource of template.yaml could not be created.
    #[error("the stack was not created: {resource}: {reason} (log: {})", log.display())]
    Create {
        /// The first resource that failed.
        resource: String,
        /// What `CloudFormation` says about it.
        reason: String,
        /// What ministack said.
        log: PathBuf,
    },
    /// The stack has no such resource.
    #[error("template.yaml has no resource `{logical_id}`")]
    NoResource {
        /// Its logical id.
        logical_id: String,
    },
    /// TMS Token Manager answered with an error.
    #[error("TMS Token Manager could not get the first token: {answer}")]
    FirstToken {
        /// What it answered.
        answer: String,
    },
}

impl Error {
    /// Names what was tried with AWS; the cause stays the source.
    pub(super) fn aws<E>(action: impl Into<String>) -> impl FnOnce(E) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let action = action.into();
        move |error| {
            let source: Box<dyn StdError + Send + Sync> = match (error.code(), error.message()) {
                (Some(code), message) => {
                    // On one line, whatever the service says.
                    let words: Vec<_> = message.unwrap_or_default().split_whitespace().collect();
                    format!("{code}: {}", words.join(" ")).into()
                }
                // Nobody answered.
                (None, _) => Box::new(error),
            };
            Self::Aws {
                action,
                log: None,
                source,
            }
        }
    }

    /// The same error, with the log to read about it.
    pub(super) fn with_log(mut self, log: &Path) -> Self {
        if let Self::Aws { log: found, .. } = &mut self {
            *found = Some(log.to_owned());
        }
        self
    }
}
