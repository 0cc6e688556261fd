//! Where the workspace is, and the target directory and profile that this binary was built with.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The checkout that this binary was built from.
///
/// Target directory and profile are read off the path of the running binary rather than asked of cargo, whose
/// answer depends on the directory and the environment it is asked in.
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
    /// The directory is gone: the checkout was moved or deleted after the build.
    #[error("the workspace is no longer at {}; build `cargo tt` again from where it is now", root.display())]
    Moved {
        /// Where it was at build time.
        root: PathBuf,
    },
    /// The running binary is not where cargo puts binaries.
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
        // The directory of the profile `dev` has another name.
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

    /// Where cargo puts what it builds.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The cargo profile that this binary was built with.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// Where `cargo tt` keeps its virtual environments, logs and state: `<target>/tt`.
    pub fn scratch(&self) -> PathBuf {
        self.target.join("tt")
    }
}

/// The cargo that runs this binary, else the one on the path.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What tells a target directory: cargo writes the tag only into one that it made itself, and the other file unless it
/// is told not to.
const MARKS: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];

/// Target and profile directory of `<target>/[<triple>/]<profile>/[deps/]<binary>`.
fn target_of(binary: &Path) -> Option<(PathBuf, String)> {
    let mut directory = binary.parent()?;
    if directory.file_name()? == "deps" {
        directory = directory.parent()?;
    }
    let profile = directory.file_name()?.to_str()?.to_owned();
    let mut above = directory.ancestors().skip(1).take(2);
    let target = above.find(|above| MARKS.iter().any(|mark| above.join(mark).is_file()))?;
    Some((target.to_path_buf(), profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_and_profile_are_read_off_the_path_of_the_binary() {
        for mark in MARKS {
            let target = tempfile::tempdir().unwrap();
            let target = target.path();
            std::fs::write(target.join(mark), "").unwrap();
            for (binary, profile) in [
                ("debug/cargo-tt", "debug"),
                ("debug/deps/acceptance-0123", "debug"),
                ("x86_64-unknown-linux-gnu/release/cargo-tt", "release"),
            ] {
                let found = target_of(&target.join(binary));
                let expected = Some((target.to_path_buf(), profile.to_owned()));
                assert_eq!(found, expected, "{binary} below {mark}");
            }
        }
    }

    #[test]
    fn a_binary_copied_elsewhere_is_refused() {
        assert_eq!(target_of(Path::new("/usr/local/bin/cargo-tt")), None);
    }

    #[test]
    fn this_test_is_in_the_target_directory_of_this_workspace() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root().join("template.yaml").is_file());
        assert!(
            std::env::current_exe()
                .unwrap()
                .starts_with(workspace.target())
        );
    }
}
