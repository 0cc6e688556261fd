//! The release binaries of the functions.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::error::Error;

/// The functions that are measured.
#[derive(Debug)]
pub(crate) struct Functions {
    pub(crate) tt_producer: PathBuf,
    pub(crate) case_creation: PathBuf,
}

impl Functions {
    /// Builds them with the release profile, with the output of cargo.
    ///
    /// Both are built by one command, as in a deployment, because separate builds would select other dependency features.
    pub(crate) fn build() -> Result<Self, Error> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments = [
            "build",
            "--release",
            "-p",
            "tt-producer",
            "-p",
            "case-creation",
        ];
        let built = Command::new(cargo)
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .is_ok_and(|status| status.success());
        if !built {
            return Err(Error::Command {
                command: format!("cargo {}", arguments.join(" ")),
            });
        }
        let binary = |name| {
            let path = target().join("release").join(name);
            if path.is_file() {
                Ok(path)
            } else {
                Err(Error::NoBinary(path))
            }
        };
        Ok(Self {
            tt_producer: binary("tt-producer")?,
            case_creation: binary("case-creation")?,
        })
    }
}

/// Returns the target directory of this build, which contains the directory of this program.
pub(crate) fn target() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let profile = program.parent().unwrap_or(Path::new("target"));
    profile.parent().unwrap_or(Path::new("target")).to_owned()
}
