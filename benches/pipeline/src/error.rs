//! The error of a benchmark run.

use std::{io, path::PathBuf};

/// The error of a benchmark run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// An operation of this machine failed.
    #[error("failed to {action}: {source}")]
    Io {
        action: &'static str,
        source: io::Error,
    },
    /// The functions or the Python environment could not be built.
    #[error("`{command}` failed; run it to see why")]
    Command { command: String },
    /// A built binary does not exist.
    #[error("{} is not there; was CARGO_TARGET_DIR changed?", .0.display())]
    NoBinary(PathBuf),
    /// A measured process failed.
    #[error("{contender}: {reason}; its last words: {words}")]
    Contender {
        contender: &'static str,
        reason: String,
        words: String,
    },
    /// The price list is malformed.
    #[error("the price list is not usable: {0}")]
    Prices(#[from] toml::de::Error),
}
