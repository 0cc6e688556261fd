//! Why the benchmark has no result.

use std::{io, path::PathBuf};

/// Why the benchmark has no result, as one sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Something of this machine failed.
    #[error("failed to {action}: {source}")]
    Io {
        action: &'static str,
        source: io::Error,
    },
    /// The functions or the Python environment could not be made.
    #[error("`{command}` failed; run it to see why")]
    Command { command: String },
    /// A binary is not where cargo should have left it.
    #[error("{} is not there; was CARGO_TARGET_DIR changed?", .0.display())]
    NoBinary(PathBuf),
    /// A measured process did not do its work.
    #[error("{contender}: {reason}; its last words: {words}")]
    Contender {
        contender: &'static str,
        reason: String,
        words: String,
    },
    /// The price list cannot be read.
    #[error("the price list is not usable: {0}")]
    Prices(#[from] toml::de::Error),
}
