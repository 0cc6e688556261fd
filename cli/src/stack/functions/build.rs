//! Builds the Lambda binaries with the cargo, profile and target directory of `cargo tt` itself.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader as AsyncBufReader},
    process::Command,
};

use crate::{
    process::{ProcessGroup, last_line},
    terminal::progress::Progress,
    workspace::{self, Workspace},
};

/// The Lambda functions by the names of their packages and binaries, in the order in which a record reaches them.
pub const FUNCTIONS: [&str; 3] = ["tt-producer", "case-creation", "tms-token-manager"];

/// How often progress is reported while a crate compiles.
const TICK: Duration = Duration::from_secs(1);

/// A built Lambda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// One of [`FUNCTIONS`].
    pub function: &'static str,
    /// The executable.
    pub path: PathBuf,
}

/// Why the Lambdas were not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The local stack cannot run binaries of this system.
    #[error(
        "the local stack runs the Lambdas as Linux x86_64 programs and this is {os} {architecture}; use a Linux machine or container"
    )]
    OtherHost {
        /// As in `std::env::consts::OS`.
        os: &'static str,
        /// As in `std::env::consts::ARCH`.
        architecture: &'static str,
    },
    /// A file or process operation failed.
    #[error("failed to {action}")]
    Io {
        /// The operation.
        action: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The code does not compile.
    #[error("the Lambdas do not build: {reason} (log: {})", log.display())]
    Compile {
        /// The first error.
        reason: String,
        /// The output of cargo and the compiler.
        log: PathBuf,
    },
    /// cargo succeeded without an executable of this name.
    #[error("cargo built no executable `{function}`")]
    Missing {
        /// The function.
        function: &'static str,
    },
}

/// Builds the binaries of [`FUNCTIONS`] and returns them in that order.
///
/// Packages and features are those of `cargo tt` itself, so dependencies are not built again.
///
/// # Errors
///
/// On another system than Linux `x86_64`, and when the code does not compile.
///
/// # Cancel safety
///
/// Dropping the future ends cargo and its compilers. The target directory stays usable.
pub async fn build(workspace: &Workspace, progress: &dyn Progress) -> Result<Vec<Binary>, Error> {
    host(std::env::consts::OS, std::env::consts::ARCH)?;
    let scratch = workspace.scratch();
    fs::create_dir_all(&scratch).map_err(io(format!("create {}", scratch.display())))?;
    // Several stacks may build at the same time, each with a separate log. Only that of a failed build is kept.
    let draft = tempfile::NamedTempFile::new_in(&scratch);
    let draft = draft.map_err(io(format!("write to {}", scratch.display())))?;
    let stderr = draft
        .reopen()
        .map_err(io("open the log of the build".to_owned()))?;

    let mut cargo = command(workspace);
    cargo
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(stderr);
    let mut cargo = ProcessGroup::spawn(&mut cargo).map_err(io("start cargo".to_owned()))?;
    let mut binaries = Vec::new();
    if let Some(stdout) = cargo.stdout() {
        let mut build = BuildProgress::new(draft.path());
        let mut messages = AsyncBufReader::new(stdout).lines();
        loop {
            match tokio::time::timeout(TICK, messages.next_line()).await {
                Err(_) => progress.detail(&build.tick()),
                Ok(Ok(Some(line))) => {
                    let Some(artifact) = Artifact::parse(&line) else {
                        continue;
                    };
                    if !artifact.fresh {
                        build.compiled += 1;
                        progress.detail(&build.after(&artifact.target.name));
                    }
                    binaries.extend(artifact.into_binary());
                }
                Ok(Ok(None)) => break,
                Ok(Err(source)) => return Err(io("read the output of cargo".to_owned())(source)),
            }
        }
    }
    let status = cargo
        .wait()
        .await
        .map_err(io("wait for cargo".to_owned()))?;
    if !status.success() {
        let reason = first_error(draft.path()).unwrap_or_else(|| status.to_string());
        let log = scratch.join("build.log");
        draft
            .persist(&log)
            .map_err(|error| io(format!("write {}", log.display()))(error.error))?;
        return Err(Error::Compile { reason, log });
    }
    in_order(binaries)
}

fn host(os: &'static str, architecture: &'static str) -> Result<(), Error> {
    if os == "linux" && architecture == "x86_64" {
        return Ok(());
    }
    Err(Error::OtherHost { os, architecture })
}

fn command(workspace: &Workspace) -> Command {
    let mut command = Command::new(workspace::cargo());
    command
        .args([
            "build",
            "--message-format=json-render-diagnostics",
            "--profile",
        ])
        .arg(workspace.profile())
        .arg("--target-dir")
        .arg(workspace.target())
        // Selected only for its features. Its binary may be the running one.
        .args(["--package", "tt-cli"])
        .current_dir(workspace.root());
    for function in FUNCTIONS {
        command.args(["--package", function, "--bin", function]);
    }
    // Variables that cargo set for this process describe its package, and not those that are built now.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_EXE_") {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// The message of cargo about a finished compilation.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    fresh: bool,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl Artifact {
    fn parse(line: &str) -> Option<Self> {
        line.contains(r#""reason":"compiler-artifact""#)
            .then(|| serde_json::from_str(line).ok())
            .flatten()
    }

    fn into_binary(self) -> Option<Binary> {
        let function = FUNCTIONS
            .into_iter()
            .find(|function| *function == self.target.name)?;
        Some(Binary {
            function,
            path: self.executable?,
        })
    }
}

/// The progress of a build.
struct BuildProgress<'log> {
    log: &'log Path,
    started_at: Instant,
    compiled: usize,
}

impl<'log> BuildProgress<'log> {
    fn new(log: &'log Path) -> Self {
        Self {
            log,
            started_at: Instant::now(),
            compiled: 0,
        }
    }

    fn after(&self, crate_name: &str) -> String {
        format!("{} crates compiled, {crate_name}", self.compiled)
    }

    fn tick(&self) -> String {
        let seconds = self.started_at.elapsed().as_secs();
        let log = fs::read_to_string(self.log).unwrap_or_default();
        let latest = last_line(&log).unwrap_or("starting cargo");
        format!("{} crates compiled, {seconds} s, {latest}", self.compiled)
    }
}

/// The first error of the compiler and its location.
fn first_error(log: &Path) -> Option<String> {
    let lines = BufReader::new(fs::File::open(log).ok()?).lines();
    let mut lines = lines.map_while(Result::ok);
    let error = lines.find(|line| line.starts_with("error"))?;
    let location = lines.next().unwrap_or_default();
    let location = location.trim_start().strip_prefix("--> ");
    Some(location.map_or_else(
        || error.clone(),
        |location| format!("{error} at {location}"),
    ))
}

fn in_order(mut binaries: Vec<Binary>) -> Result<Vec<Binary>, Error> {
    let position = |function| FUNCTIONS.iter().position(|name| *name == function);
    binaries.sort_by_key(|binary| position(binary.function));
    for function in FUNCTIONS {
        if !binaries.iter().any(|binary| binary.function == function) {
            return Err(Error::Missing { function });
        }
    }
    Ok(binaries)
}

fn io(action: String) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { action, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_on_another_system_names_the_supported_one() {
        let error = host("macos", "aarch64").unwrap_err().to_string();
        assert!(
            error.contains("Linux x86_64") && error.contains("macos aarch64"),
            "{error}"
        );
    }

    #[test]
    fn executables_are_read_from_the_messages_of_cargo() {
        let message = |name: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"name":"{name}"}},"fresh":true,"executable":{executable}}}"#
            )
        };
        let lines = [
            message("tms-token-manager", r#""/t/tms-token-manager""#),
            message("tt_producer", "null"),
            message("tt-producer", r#""/t/tt-producer""#),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
            message("case-creation", r#""/t/case-creation""#),
        ];
        let found = lines
            .iter()
            .filter_map(|line| Artifact::parse(line)?.into_binary())
            .collect();
        let found: Vec<_> = in_order(found).unwrap();
        let names: Vec<_> = found.iter().map(|binary| binary.function).collect();
        assert_eq!(names, FUNCTIONS);
    }

    #[test]
    fn function_without_executable_is_named() {
        let error = in_order(Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "cargo built no executable `tt-producer`");
    }

    #[test]
    fn first_error_of_the_compiler_is_the_reason() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let output = "   Compiling tt-producer\nwarning: unused\nerror[E0308]: mismatched types\n  --> a/main.rs:27:14\nerror: could not compile\n";
        fs::write(&log, output).unwrap();
        assert_eq!(
            first_error(&log).as_deref(),
            Some("error[E0308]: mismatched types at a/main.rs:27:14")
        );
    }
}
