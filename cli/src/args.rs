//! The command line of `cargo tt`.

pub mod operate;

use std::{ffi::OsString, path::PathBuf};

use clap::{Args as Arguments, Parser, Subcommand};

use crate::file::sample::MAX_RECORDS;

const EXAMPLES: &str = "\
Examples:
  cargo tt demo --once              upload five records, show their metrics, stop
  cargo tt demo                     the same, then keep running with a live page
  cargo tt upload my-records.csv    upload more records to the running demo
  cargo tt graph                    print the metrics of the running demo again
  cargo tt catalogue                list the metrics and where they are declared
  cargo tt plan --stack NAME        compare a deployed stack with its template

No AWS account and no Docker are needed: the AWS services and Salesforce run
on this machine.";

const DEMO_EXAMPLES: &str = "\
Examples:
  cargo tt demo --once                    the shipped file of five records
  cargo tt demo --once --records 500      500 generated records
  cargo tt demo --file export.jsonl.gz    your own records, then keep running
  cargo tt demo --port 8080               live page on http://127.0.0.1:8080

A file is CSV with a header, JSON Lines, or a JSON array of flat objects, each
also gzipped. A record requires record_id, customer_id and event_type. The
fields risk_rating, occurred_at, subject and details are optional; any other
field is passed on.

Exit code: 0 when every record has an outcome, 1 after a failure, 2 for a wrong
command line, 130 after Ctrl-C.";

/// Business metrics of the TT pipeline, on your machine.
///
/// Runs TT Producer, Case Creation and TMS Token Manager with local AWS services and a local
/// Salesforce, and shows their metrics, read from the CloudWatch API, as a table and a graph.
#[derive(Debug, Parser)]
#[command(name = "cargo tt", bin_name = "cargo tt", version, after_help = EXAMPLES)]
#[command(arg_required_else_help = true)]
pub struct Args {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the pipeline on this machine, upload a file, and show the metrics.
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(Demo),
    /// Upload a file to the running demo.
    Upload(Upload),
    /// Print the metrics of the running demo as a table and a graph.
    Graph,
    /// List the metrics that the functions, or a program, declare, with their source lines.
    Catalogue(Catalogue),
    /// Compare a stack with its template, a release and its metrics; changes nothing.
    #[command(after_help = operate::PLAN_HELP)]
    Plan(operate::Plan),
    /// Store the live code of a stack.
    #[command(after_help = operate::BACKUP_HELP)]
    Backup(operate::Backup),
    /// List or delete stored code.
    #[command(subcommand)]
    Backups(operate::Backups),
    /// Replace the code of a stack by that of a release, and roll back if it fails.
    #[command(after_help = operate::DEPLOY_HELP)]
    Deploy(operate::Deploy),
    /// Return to stored code.
    #[command(after_help = operate::ROLLBACK_HELP)]
    Rollback(operate::Rollback),
    /// Upload a test file and compare the metrics with what it must cause.
    #[command(after_help = operate::VERIFY_HELP)]
    Verify(operate::Verify),
    /// Examine this machine and the history of this repository.
    #[command(after_help = operate::DOCTOR_HELP)]
    Doctor(operate::Doctor),
}

/// Arguments of `cargo tt demo`.
#[derive(Debug, Arguments)]
pub struct Demo {
    /// File to upload [default: a shipped file of five records].
    #[arg(long, value_name = "FILE", conflicts_with = "records")]
    pub file: Option<PathBuf>,
    /// Upload N generated records instead of a file.
    #[arg(long, value_name = "N", value_parser = records)]
    pub records: Option<u64>,
    /// Stop as soon as the metrics are complete.
    #[arg(long)]
    pub once: bool,
    /// Port of the live page on 127.0.0.1 [default: a free port].
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Path of the report, an HTML file without external resources [default: target/tt/report.html].
    #[arg(long, value_name = "PATH")]
    pub report: Option<PathBuf>,
}

/// Arguments of `cargo tt upload`.
#[derive(Debug, Arguments)]
pub struct Upload {
    /// File to upload: CSV with a header, JSON Lines or a JSON array, each also gzipped.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Upload it N times; each upload is processed separately.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub times: u32,
}

/// Arguments of `cargo tt catalogue`.
#[derive(Debug, Arguments)]
pub struct Catalogue {
    /// Executable that uses tt-metrics, stripped or not; it is read and not run [default: the functions of this workspace].
    #[arg(value_name = "PROGRAM")]
    pub program: Option<PathBuf>,
}

/// Removes the argument `tt`, which cargo inserts when it runs `cargo-tt` as a subcommand.
pub fn without_plugin_name(args: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    args.enumerate()
        .filter(|(index, arg)| *index != 1 || arg != "tt")
        .map(|(_, arg)| arg)
}

fn records(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(records) if (1..=MAX_RECORDS).contains(&records) => Ok(records),
        _ => Err(format!("expected an integer from 1 to {MAX_RECORDS}")),
    }
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, path::Path};

    use clap::{CommandFactory, Parser};

    use super::{Args, Command, without_plugin_name};

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(without_plugin_name(line.split(' ').map(OsString::from)))
    }

    #[test]
    fn arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn alias_and_cargo_plugin_are_parsed_alike() {
        for line in ["cargo-tt upload a.csv", "cargo-tt tt upload a.csv"] {
            match parse(line).unwrap().command {
                Command::Upload(upload) => assert_eq!(upload.file, Path::new("a.csv")),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn file_named_tt_is_accepted() {
        let Command::Upload(upload) = parse("cargo-tt upload tt").unwrap().command else {
            panic!("not an upload");
        };
        assert_eq!(upload.file, Path::new("tt"));
    }

    #[test]
    fn zero_records_are_refused_with_the_allowed_range() {
        let error = parse("cargo-tt demo --records 0").unwrap_err().to_string();
        assert!(
            error.contains("expected an integer from 1 to 1000000"),
            "{error}"
        );
    }

    #[test]
    fn file_and_generated_records_are_exclusive() {
        assert!(parse("cargo-tt demo --file a.csv --records 5").is_err());
    }

    #[test]
    fn help_has_examples() {
        let mut command = Args::command();
        assert!(
            command
                .render_long_help()
                .to_string()
                .contains("cargo tt demo --once")
        );
    }
}
