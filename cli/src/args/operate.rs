//! Arguments of the commands that operate on a stack.

use std::path::PathBuf;

use clap::{Args as Arguments, Subcommand};

use crate::operate::settings::Expected;

pub(super) const PLAN_HELP: &str = "\
Compares, for each function, the hash of the live code with the zip that the
stack names, and the live program with the architecture, Amazon Linux 2023, and
the dashboards, alarms and metrics of its namespace. Nothing is changed.

  in step         the live code is the zip that the stack names
  drift           it is other code; the next `sam deploy` that touches the
                  function brings the zip of the stack back
  of the release  it is not the zip of the stack, but that of `--release`
  key gone        the zip that the stack names no longer exists

Examples:
  cargo tt plan                                       the running `cargo tt demo`
  cargo tt plan --stack tt                            a stack of your account
  cargo tt plan --stack tt --release releases/1a2b3c.yaml
  cargo tt plan --stack tt --json | jq .functions

Exit code: 0 in step, 1 drift or failure, 2 wrong command line.";

pub(super) const BACKUP_HELP: &str = "\
Downloads the zip of each function, compares its hash with the one that Lambda
reports, and stores it as <account>/<Region>/<function>/<sha256>.zip with the
configuration of the function beside it. A file that exists is not overwritten.
The configuration contains environment variables: keep the directory private.";

pub(super) const DEPLOY_HELP: &str = "\
Replaces code and nothing else: a release that differs from the template of the
stack in another line is refused. The stack itself is not updated. In order:

  1. compare the release with the stack, check each new zip
  2. store the live code (as `cargo tt backup`)
  3. replace the code, a consumer before its producer, and test each function
     with the payloads of tt.toml
  4. verify (as `cargo tt verify`), unless --no-verify is given

If a step after 2 fails, or after Ctrl-C, each function gets its code of before.

Examples:
  sam build
  sam package -t .aws-sam/build/template.yaml --s3-bucket B --s3-prefix tt \\
      --output-template-file releases/1a2b3c.yaml
  cargo tt deploy --stack tt --release releases/1a2b3c.yaml --yes

Afterwards `sam deploy --template-file releases/1a2b3c.yaml ..` brings the
template of the stack in step, at any time.

Exit code: 0 deployed, 1 refused, failed or rolled back, 2 wrong command line.";

pub(super) const ROLLBACK_HELP: &str = "\
Without --to, the functions that the last `cargo tt deploy` changed get their
code of before. With --to, one function gets the backup with this hash, of which
8 digits suffice. The live code is stored first.

Examples:
  cargo tt rollback --stack tt --yes
  cargo tt backups list --stack tt
  cargo tt rollback --stack tt --to 3fa9c1d2 --yes";

pub(super) const VERIFY_HELP: &str = "\
Uploads the file of tt.toml, waits for the metrics, and compares their growth
with the expected one. Every `{run}` in the file is replaced by the id of the
run. The records are processed as all others: they create real Cases, so the
command asks before it uploads to a real account.

  exactly         the metric grew as expected
  at least        it grew by more, and other files were processed meanwhile
  missing         it grew by less
  too many        it grew by more, and nothing else was processed

Examples:
  cargo tt verify                         the running `cargo tt demo`
  cargo tt verify --stack tt
  cargo tt verify --file ten.csv --expect S3RecordsReceived=10 --expect SFCaseCreated=10

Exit code: 0 as expected, 1 otherwise, 2 wrong command line.";

pub(super) const DOCTOR_HELP: &str = "\
Examines the tools, the credentials and the Region, the free disk space, and the
whole history of the repository: it must contain no virtual environment, package
or secret. For what it contains, the command prints the `git filter-repo` command
that removes it.

Exit code: 0 if every command works on this machine, 1 otherwise. What only
deployments to an account need does not change it.";

/// Arguments of `cargo tt doctor`.
#[derive(Debug, Arguments)]
pub struct Doctor {
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// The stack of a command.
#[derive(Debug, Arguments)]
pub struct StackArgs {
    /// Name of the stack [default: `stack` in tt.toml; on this machine that of `cargo tt demo`].
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// `aws`, `local` (the running `cargo tt demo`) or an address [default: `AWS_ENDPOINT_URL`, else the running demo, else aws].
    #[arg(long, value_name = "ENDPOINT")]
    pub endpoint: Option<String>,
    /// Settings of the repository [default: the nearest tt.toml].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// The backups of a command.
#[derive(Debug, Arguments)]
pub struct BackupArgs {
    /// Directory of the backups [default: `backups` beside tt.toml].
    #[arg(long, value_name = "DIR")]
    pub backups: Option<PathBuf>,
}

/// Arguments of `cargo tt plan`.
#[derive(Debug, Arguments)]
pub struct Plan {
    /// The stack.
    #[command(flatten)]
    pub stack: StackArgs,
    /// Packaged template whose deployment is planned.
    #[arg(long, value_name = "FILE")]
    pub release: Option<PathBuf>,
}

/// Arguments of `cargo tt backup`.
#[derive(Debug, Arguments)]
pub struct Backup {
    /// The stack.
    #[command(flatten)]
    pub stack: StackArgs,
    /// The backups.
    #[command(flatten)]
    pub backups: BackupArgs,
}

/// Commands of `cargo tt backups`.
#[derive(Debug, Subcommand)]
pub enum Backups {
    /// List the backups of the functions of a stack.
    List(Backup),
    /// Delete all but the newest backups of each function.
    Prune(Prune),
}

/// Arguments of `cargo tt backups prune`.
#[derive(Debug, Arguments)]
pub struct Prune {
    /// The stack.
    #[command(flatten)]
    pub stack: StackArgs,
    /// The backups.
    #[command(flatten)]
    pub backups: BackupArgs,
    /// Number of backups that each function keeps; the live code and the code before it are always kept.
    #[arg(long, value_name = "N")]
    pub keep: usize,
    /// Do not ask, also on a real account.
    #[arg(long)]
    pub yes: bool,
}

/// Arguments of `cargo tt deploy`.
#[derive(Debug, Arguments)]
pub struct Deploy {
    /// The stack.
    #[command(flatten)]
    pub stack: StackArgs,
    /// The backups.
    #[command(flatten)]
    pub backups: BackupArgs,
    /// Packaged template with the new code.
    #[arg(long, value_name = "FILE")]
    pub release: PathBuf,
    /// Upload no file after the deployment.
    #[arg(long)]
    pub no_verify: bool,
    /// Longest wait for the metrics [default: 60 on this machine, 300 elsewhere].
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Do not ask, also on a real account.
    #[arg(long)]
    pub yes: bool,
}

/// Arguments of `cargo tt rollback`.
#[derive(Debug, Arguments)]
pub struct Rollback {
    /// The stack.
    #[command(flatten)]
    pub stack: StackArgs,
    /// The backups.
    #[command(flatten)]
    pub backups: BackupArgs,
    /// Hash of a backup, or its first digits [default: the code before the last deployment].
    #[arg(long, value_name = "SHA")]
    pub to: Option<String>,
    /// Directory of the packaged templates, to find the one that is live [default: `releases` beside tt.toml].
    #[arg(long, value_name = "DIR")]
    pub releases: Option<PathBuf>,
    /// Do not ask, also on a real account.
    #[arg(long)]
    pub yes: bool,
}

/// Arguments of `cargo tt verify`.
#[derive(Debug, Arguments)]
pub struct Verify {
    /// The stack.
    #[command(flatten)]
    pub stack: StackArgs,
    /// File to upload [default: that of tt.toml].
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Expected growth of a metric; can be repeated.
    #[arg(long, value_name = "NAME=N", value_parser = expected)]
    pub expect: Vec<Expected>,
    /// Longest wait for the metrics [default: 60 on this machine, 300 elsewhere].
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Do not ask, also on a real account.
    #[arg(long)]
    pub yes: bool,
}

fn expected(text: &str) -> Result<Expected, String> {
    let parsed = text
        .split_once('=')
        .filter(|(metric, _)| !metric.is_empty());
    let parsed = parsed.and_then(|(metric, count)| Some((metric, count.parse().ok()?)));
    let (metric, count) = parsed.ok_or("expected NAME=N, for example SFCaseCreated=5")?;
    Ok(Expected {
        metric: metric.to_owned(),
        count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectation_is_a_name_and_a_number() {
        let parsed = expected("SFCaseCreated=5").unwrap();
        assert_eq!((parsed.metric.as_str(), parsed.count), ("SFCaseCreated", 5));
        for wrong in [
            "SFCaseCreated",
            "=5",
            "SFCaseCreated=five",
            "SFCaseCreated=-1",
        ] {
            assert!(expected(wrong).is_err(), "{wrong}");
        }
    }
}
