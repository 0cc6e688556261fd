//! What a machine and a repository need for the commands of `cargo tt`, and what the history of the repository must not contain.

pub mod history;

use std::{path::Path, time::Duration};

use aws_config::BehaviorVersion;
use aws_sdk_cloudformation::config::ProvideCredentials;
use serde::Serialize;
use tokio::process::Command;

use crate::{python::Interpreter, workspace::Workspace};

/// A tool that does not answer in this time is not usable.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The providers of credentials try addresses that only instances of AWS have.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(10);
/// What a build of the workspace and its tests takes.
const BUILD_BYTES: u64 = 8_000_000_000;

/// The result of one examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was examined.
    pub name: &'static str,
    /// The result.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do.
    pub help: Option<String>,
}

/// The result of an examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is missing.
    Good,
    /// Needed for `sam` and for stacks of an account only.
    ForDeployment,
    /// Needed for every command, or unwanted in the repository.
    Bad,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Good,
            found: found.into(),
            help: None,
        }
    }

    fn lacking(name: &'static str, state: State, found: impl Into<String>, help: &str) -> Self {
        Self {
            name,
            state,
            found: found.into(),
            help: Some(help.to_owned()),
        }
    }
}

/// Examines everything. `examined` receives the name of each step before it.
pub async fn run(workspace: &Workspace, mut examined: impl FnMut(&str)) -> Vec<Check> {
    let mut checks = Vec::new();
    examined("tools");
    checks.push(
        tool(
            "Rust",
            "rustc",
            &["--version"],
            State::Bad,
            "install it with https://rustup.rs",
        )
        .await,
    );
    checks.push(
        tool(
            "C compiler",
            "cc",
            &["--version"],
            State::Bad,
            "install the package gcc or clang",
        )
        .await,
    );
    checks.push(python().await);
    let sam = "pip install aws-sam-cli, into a virtual environment of its own";
    checks.push(tool("SAM CLI", "sam", &["--version"], State::ForDeployment, sam).await);
    let cargo_lambda = "pip install cargo-lambda ziglang";
    let version = ["lambda", "--version"];
    checks.push(
        tool(
            "cargo-lambda",
            "cargo-lambda",
            &version,
            State::ForDeployment,
            cargo_lambda,
        )
        .await,
    );
    examined("credentials");
    checks.extend(account().await);
    examined("disk");
    checks.push(disk(workspace.target()).await);
    examined("history of the repository");
    checks.push(history(workspace.root()).await);
    checks
}

async fn tool(name: &'static str, program: &str, args: &[&str], state: State, help: &str) -> Check {
    match output(Command::new(program).args(args)).await {
        Some(text) => Check::good(name, text.lines().next().unwrap_or_default()),
        None => Check::lacking(name, state, format!("`{program}` does not run"), help),
    }
}

async fn python() -> Check {
    let found = match Interpreter::find().await {
        Ok(found) => found,
        Err(error) => {
            let help = "install Python 3.10 or later, or name it in TT_PYTHON";
            return Check::lacking("Python", State::Bad, error.to_string(), help);
        }
    };
    let text = format!("{} at {}", found.version, found.path.display());
    let mut import = Command::new(&found.path);
    let import = import.args(["-c", "import ensurepip, venv"]);
    if output(import).await.is_some() {
        return Check::good("Python", text);
    }
    let help = "install the package python3-venv";
    Check::lacking("Python", State::Bad, format!("{text} without venv"), help)
}

/// Region and credentials of the environment. The credentials are not sent anywhere.
async fn account() -> [Check; 2] {
    let sdk = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let region = sdk.region().map_or_else(
        || Check::lacking("Region", State::ForDeployment, "none", "set AWS_REGION"),
        |region| Check::good("Region", region.to_string()),
    );
    let help = "set up a profile with `aws configure`, or export the credentials of one with \
                `aws configure export-credentials --format env`";
    let lacking = |found: &str| Check::lacking("credentials", State::ForDeployment, found, help);
    let Some(provider) = sdk.credentials_provider() else {
        return [region, lacking("none")];
    };
    let answer = tokio::time::timeout(CREDENTIALS_TIMEOUT, provider.provide_credentials()).await;
    let credentials = match answer {
        Ok(Ok(credentials)) => {
            // The key id is not secret, but it is not needed either.
            let account = credentials
                .account_id()
                .map(|id| format!(" of account {}", id.as_str()));
            Check::good(
                "credentials",
                format!("found{}", account.unwrap_or_default()),
            )
        }
        Ok(Err(_)) => lacking("none"),
        Err(_) => lacking("no answer"),
    };
    [region, credentials]
}

/// The space that is left for the target directory. The standard library cannot read it.
async fn disk(target: &Path) -> Check {
    let text = output(Command::new("df").arg("-Pk").arg(target)).await;
    let Some(free) = text.as_deref().and_then(free_bytes) else {
        return Check::lacking(
            "disk",
            State::ForDeployment,
            "`df` gives no size",
            "check the free space",
        );
    };
    let found = format!("{} GB free", free / 1_000_000_000);
    if free >= BUILD_BYTES {
        return Check::good("disk", found);
    }
    let help = format!(
        "a first build takes about {} GB; `cargo clean` removes old ones",
        BUILD_BYTES / 1_000_000_000
    );
    Check::lacking("disk", State::ForDeployment, found, &help)
}

/// The column `Available` of `df -Pk`, in bytes.
fn free_bytes(output: &str) -> Option<u64> {
    let fields: Vec<&str> = output.lines().nth(1)?.split_whitespace().collect();
    let kilobytes: u64 = fields.get(3)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Every path and key of the whole history, of all branches and tags.
async fn history(root: &Path) -> Check {
    const NAME: &str = "git history";
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(root).args(args);
        git
    };
    let paths = output(&mut git(&[
        "log",
        "--all",
        "--format=",
        "--name-only",
        "--diff-filter=A",
    ]))
    .await;
    let pattern = format!("-G{}", history::KEYS);
    let keys = [
        "log",
        "--all",
        "--format=",
        "--name-only",
        "--extended-regexp",
        pattern.as_str(),
    ];
    let keys = output(&mut git(&keys)).await;
    let (Some(paths), Some(keys)) = (paths, keys) else {
        let help = "run the command in a clone of the repository";
        return Check::lacking(NAME, State::ForDeployment, "git cannot read it", help);
    };
    let unwanted = history::unwanted(paths.lines(), keys.lines());
    let Some(command) = history::removal(&unwanted) else {
        return Check::good(NAME, "no virtual environment, package or secret");
    };
    let help = format!(
        "rotate every secret, because clones keep it; then, in a fresh clone: {command}; all later commits get other ids"
    );
    Check::lacking(NAME, State::Bad, history::describe(&unwanted), &help)
}

/// The output of a command that succeeds in time.
async fn output(command: &mut Command) -> Option<String> {
    command
        .kill_on_drop(true)
        .stdin(std::process::Stdio::null());
    let output = tokio::time::timeout(TIMEOUT, command.output())
        .await
        .ok()?
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_the_fourth_column() {
        let text =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 100 60 40 60% /\n";
        assert_eq!(free_bytes(text), Some(40 * 1024));
        assert_eq!(free_bytes(""), None);
    }

    #[tokio::test]
    async fn missing_tool_has_a_help() {
        let missing = tool("X", "no-such-program", &[], State::Bad, "install it").await;
        assert_eq!(missing.state, State::Bad);
        assert_eq!(missing.help.as_deref(), Some("install it"));
        let failing = tool("X", "false", &[], State::ForDeployment, "install it").await;
        assert_eq!(failing.state, State::ForDeployment);
    }

    async fn git(directory: &Path, args: &[&str]) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let mut git = Command::new("git");
        git.arg("-C").arg(directory).args(identity).args(args);
        assert!(output(&mut git).await.is_some(), "{args:?}");
    }

    #[tokio::test]
    async fn deleted_environment_and_key_are_found_in_the_history() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        git(root, &["init", "--quiet"]).await;
        std::fs::write(root.join("main.rs"), "fn main() {}\n").unwrap();
        git(root, &["add", "."]).await;
        git(root, &["commit", "--quiet", "-m", "a"]).await;
        assert_eq!(history(root).await.state, State::Good);

        std::fs::create_dir_all(root.join("tools/venv/bin")).unwrap();
        std::fs::write(root.join("tools/venv/bin/python"), "x").unwrap();
        let key = concat!("AK", "IAIOSFODNN7EXAMPLE");
        std::fs::write(root.join("settings.txt"), key).unwrap();
        git(root, &["add", "."]).await;
        git(root, &["commit", "--quiet", "-m", "b"]).await;
        git(root, &["rm", "--quiet", "-r", "tools", "settings.txt"]).await;
        git(root, &["commit", "--quiet", "-m", "c"]).await;

        let check = history(root).await;
        assert_eq!(check.state, State::Bad);
        assert_eq!(
            check.found,
            "settings.txt (an access key or a private key), tools/venv/ (a virtual environment)"
        );
        let help = check.help.unwrap();
        let command = "git filter-repo --invert-paths --path settings.txt --path tools/venv/";
        assert!(help.contains(command), "{help}");
    }
}
