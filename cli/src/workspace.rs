//! Where the workspace and its target directory are.

use std::path::{Path, PathBuf};

use tokio::process::Command;

/// The checkout that this binary was built from, and the target directory that cargo uses for it.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

/// Why the workspace was not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory is gone: the checkout was moved or deleted after the build.
    #[error("the workspace is no longer at {}; build `cargo tt` again from where it is now", root.display())]
    Moved {
        /// Where it was at build time.
        root: PathBuf,
    },
    /// `cargo metadata` failed.
    #[error("cargo could not describe the workspace: {reason}")]
    Metadata {
        /// The last line that cargo said.
        reason: String,
    },
}

#[derive(serde::Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

impl Workspace {
    /// Finds the workspace that this binary was built from and asks cargo for its target directory.
    ///
    /// # Errors
    ///
    /// When the checkout moved after the build, or when cargo is missing.
    pub async fn find() -> Result<Self, Error> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.parent().unwrap_or(package).to_path_buf();
        if !root.join("Cargo.toml").is_file() {
            return Err(Error::Moved { root });
        }
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(&root)
            .output()
            .await
            .map_err(|error| Error::Metadata {
                reason: error.to_string(),
            })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let reason = said.lines().last().unwrap_or("it said nothing").to_owned();
            return Err(Error::Metadata { reason });
        }
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).map_err(|error| Error::Metadata {
                reason: error.to_string(),
            })?;
        Ok(Self {
            root,
            target: metadata.target_directory,
        })
    }

    /// The directory of the workspace's `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts what it builds.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where `cargo tt` keeps its virtual environments, logs and state: `<target>/tt`.
    pub fn scratch(&self) -> PathBuf {
        self.target.join("tt")
    }
}

/// The cargo that runs this binary, else the one on the path.
pub(crate) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
