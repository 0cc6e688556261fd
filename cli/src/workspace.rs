//! The workspace, the target directory and the profile of this binary.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The checkout that this binary was built from.
///
/// Target directory and profile come from the path of the running binary. The answer of `cargo metadata` would depend
/// on the current directory and the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
    profile: String,
}

/// Why the workspace was not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The checkout was moved or deleted after the build.
    #[error("the workspace is no longer at {}; run `cargo tt` from the new location", root.display())]
    Moved {
        /// Where it was at build time.
        root: PathBuf,
    },
    /// The running binary is not in a target directory.
    #[error("{} is not in a target directory of cargo; start it as `cargo tt`", binary.display())]
    NotInTarget {
        /// The running binary.
        binary: PathBuf,
    },
}

impl Workspace {
    /// Finds the workspace that this binary was built from.
    ///
    /// # Errors
    ///
    /// When the checkout moved after the build, or the binary was copied out of its target directory.
    pub fn find() -> Result<Self, Error> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.parent().unwrap_or(package).to_path_buf();
        if !root.join("Cargo.toml").is_file() {
            return Err(Error::Moved { root });
        }
        let binary = std::env::current_exe().unwrap_or_default();
        let Some((target, directory)) = target_of(&binary) else {
            return Err(Error::NotInTarget { binary });
        };
        // The directory of the profile `dev` is named `debug`.
        let profile = if directory == "debug" {
            "dev".to_owned()
        } else {
            directory
        };
        Ok(Self {
            root,
            target,
            profile,
        })
    }

    /// The directory of the workspace's `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The target directory of cargo.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The cargo profile that this binary was built with.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// The directory of virtual environments, logs and reports: `<target>/tt`.
    pub fn scratch(&self) -> PathBuf {
        self.target.join("tt")
    }
}

/// The cargo that runs this binary, or else `cargo` on the path.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Files that mark a target directory. cargo writes the first only into a directory that it created, and the second
/// unless it is disabled.
const MARKERS: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];

/// Target and profile directory of `<target>/[<triple>/]<profile>/[deps/]<binary>`.
fn target_of(binary: &Path) -> Option<(PathBuf, String)> {
    let mut directory = binary.parent()?;
    if directory.file_name()? == "deps" {
        directory = directory.parent()?;
    }
    let profile = directory.file_name()?.to_str()?.to_owned();
    let mut above = directory.ancestors().skip(1).take(2);
    let target = above.find(|above| MARKERS.iter().any(|marker| above.join(marker).is_file()))?;
    Some((target.to_path_buf(), profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_the_binary_contains_target_and_profile() {
        for marker in MARKERS {
            let target = tempfile::tempdir().unwrap();
            let target = target.path();
            std::fs::write(target.join(marker), "").unwrap();
            for (binary, profile) in [
                ("debug/cargo-tt", "debug"),
                ("debug/deps/acceptance-0123", "debug"),
                ("x86_64-unknown-linux-gnu/release/cargo-tt", "release"),
            ] {
                let found = target_of(&target.join(binary));
                let expected = Some((target.to_path_buf(), profile.to_owned()));
                assert_eq!(found, expected, "{binary} below {marker}");
            }
        }
    }

    #[test]
    fn copied_binary_is_refused() {
        assert_eq!(target_of(Path::new("/usr/local/bin/cargo-tt")), None);
    }

    #[test]
    fn workspace_of_this_test_is_found() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root().join("template.yaml").is_file());
        assert!(
            std::env::current_exe()
                .unwrap()
                .starts_with(workspace.target())
        );
    }
}
