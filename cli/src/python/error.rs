//! Why there is no virtual environment.

use std::path::PathBuf;

/// The oldest Python for which the requirements have packages.
pub(super) const OLDEST_VERSION: &str = "3.10";

/// Why there is no virtual environment, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No interpreter, or only old ones.
    #[error(
        "Python {} or newer is needed and {found}; install it, or name one in TT_PYTHON",
        OLDEST_VERSION
    )]
    NoPython {
        /// The interpreters that were found.
        found: String,
    },
    /// `python -m venv` does not work, as on Debian without `python3-venv`.
    #[error(
        "{} cannot create virtual environments; on Debian and Ubuntu run `apt install python3-venv` (log: {})",
        python.display(),
        log.display()
    )]
    NoVenv {
        /// The interpreter.
        python: PathBuf,
        /// Its output.
        log: PathBuf,
    },
    /// The package index is out of reach.
    #[error(
        "pip could not reach the package index to install {}; check the network, or set PIP_INDEX_URL or HTTPS_PROXY (log: {})",
        requirements.display(),
        log.display()
    )]
    NoNetwork {
        /// The requirements file.
        requirements: PathBuf,
        /// The output of pip.
        log: PathBuf,
    },
    /// A proxy between this machine and the package index presents an untrusted certificate.
    #[error(
        "pip does not trust the certificate of the package index and cannot install {}; set PIP_CERT to the CA bundle of this network (log: {})",
        requirements.display(),
        log.display()
    )]
    Untrusted {
        /// The requirements file.
        requirements: PathBuf,
        /// The output of pip.
        log: PathBuf,
    },
    /// pip failed for another reason.
    #[error("pip could not install {}: {reason} (log: {})", requirements.display(), log.display())]
    Install {
        /// The requirements file.
        requirements: PathBuf,
        /// The last error in the output of pip.
        reason: String,
        /// The output of pip.
        log: PathBuf,
    },
    /// The workspace or its target directory was not found.
    #[error(transparent)]
    Workspace(#[from] crate::workspace::Error),
    /// A file or process of the environment failed.
    #[error("failed to {action} {}", path.display())]
    Io {
        /// The operation.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}
