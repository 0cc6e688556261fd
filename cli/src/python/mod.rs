//! Python: the interpreter of this machine, and virtual environments made from pinned requirements.

mod interpreter;
mod venv;

pub use interpreter::{Interpreter, Version};
pub use venv::Venv;

use std::path::PathBuf;

/// Why there is no virtual environment; the text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No interpreter, or only old ones.
    #[error(
        "Python {} or newer is needed and {found}; install it, or name one in TT_PYTHON",
        Version::OLDEST
    )]
    NoPython {
        /// What was found instead.
        found: String,
    },
    /// `python -m venv` is not usable, as on a Debian without `python3-venv`.
    #[error(
        "{} cannot create virtual environments; on Debian and Ubuntu run `apt install python3-venv` (log: {})",
        python.display(),
        log.display()
    )]
    NoVenv {
        /// The interpreter.
        python: PathBuf,
        /// What it said.
        log: PathBuf,
    },
    /// The package index was out of reach.
    #[error(
        "pip could not reach the package index to install {}; check the network, or set PIP_INDEX_URL or HTTPS_PROXY (log: {})",
        requirements.display(),
        log.display()
    )]
    NoNetwork {
        /// The requirements file.
        requirements: PathBuf,
        /// What pip said.
        log: PathBuf,
    },
    /// Something between this machine and the package index signs with a certificate of its own.
    #[error(
        "pip does not trust the certificate that the package index shows, to install {}; name the right one in PIP_CERT (log: {})",
        requirements.display(),
        log.display()
    )]
    Untrusted {
        /// The requirements file.
        requirements: PathBuf,
        /// What pip said.
        log: PathBuf,
    },
    /// pip ran and failed for another reason.
    #[error("pip could not install {}: {reason} (log: {})", requirements.display(), log.display())]
    Install {
        /// The requirements file.
        requirements: PathBuf,
        /// The last error that pip named.
        reason: String,
        /// What pip said.
        log: PathBuf,
    },
    /// The workspace or its target directory is not known.
    #[error(transparent)]
    Workspace(#[from] crate::workspace::Error),
    /// A file or process of the environment failed.
    #[error("failed to {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}
