//! The command line of `cargo tt`.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args as Arguments, Parser, Subcommand};

use crate::sample;

const EXAMPLES: &str = "\
Examples:
  cargo tt demo --once              five records in, five Cases out, the graph, done
  cargo tt demo                     the same, then stay up with a live page
  cargo tt upload my-records.csv    in another terminal: more records for the running demo
  cargo tt graph                    what CloudWatch says now, once more
  cargo tt catalogue                which metrics there are, and where they are declared

Nothing here needs an AWS account or Docker: the AWS services and Salesforce
run on this machine.";

const DEMO_EXAMPLES: &str = "\
Examples:
  cargo tt demo --once                    the shipped five records
  cargo tt demo --once --records 500      five hundred generated records
  cargo tt demo --file export.jsonl.gz    your own records, then stay up
  cargo tt demo --port 8080               live page on http://127.0.0.1:8080

A file is CSV with a header, JSON Lines, or a JSON array of flat objects, each
also gzipped. A record needs record_id, customer_id and event_type;
risk_rating, occurred_at, subject and details are used when present, and
everything else is carried along.

Exit code: 0 when every record is accounted for, 1 when something failed,
2 for a wrong command line.";

/// Business metrics of the TT pipeline, on your machine.
///
/// Runs TT Producer, Case Creation and TMS Token Manager with local AWS services and a Salesforce
/// stand-in, and shows the five metrics of the namespace as a table and a graph, read back through
/// the CloudWatch API.
#[derive(Debug, Parser)]
#[command(name = "cargo tt", bin_name = "cargo tt", version, after_help = EXAMPLES)]
#[command(arg_required_else_help = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `cargo tt` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole pipeline here, upload a file, and show the five metrics.
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(Demo),
    /// Upload a file to the running demo.
    Upload(Upload),
    /// Print the metrics of the running demo as a table and a graph.
    Graph,
    /// List every metric that the functions, or a program, declare, and where in the source.
    Catalogue(Catalogue),
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
    /// Stop everything as soon as the metrics have arrived.
    #[arg(long)]
    pub once: bool,
    /// Port of the live page on 127.0.0.1 [default: a free one]; the AWS endpoint always takes a free one.
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Where to write the report, a page without external resources [default: target/tt/report.html].
    #[arg(long, value_name = "PATH")]
    pub report: Option<PathBuf>,
}

/// Arguments of `cargo tt upload`.
#[derive(Debug, Arguments)]
pub struct Upload {
    /// File to upload: CSV with a header, JSON Lines or a JSON array, each also gzipped.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Upload it this many times; each time is new work.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub times: u32,
}

/// Arguments of `cargo tt catalogue`.
#[derive(Debug, Arguments)]
pub struct Catalogue {
    /// File of a program built with tt-metrics, stripped or not; it is read, not run [default: the functions of this workspace].
    #[arg(value_name = "PROGRAM")]
    pub program: Option<PathBuf>,
}

/// The arguments without the `tt` that cargo puts first when it runs `cargo-tt` as its subcommand.
pub fn without_plugin_name(args: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    args.enumerate()
        .filter(|(index, arg)| *index != 1 || arg != "tt")
        .map(|(_, arg)| arg)
}

fn records(text: &str) -> Result<u64, String> {
    let wanted = format!("give a whole number from 1 to {}", sample::MOST_RECORDS);
    match text.parse() {
        Ok(records) if (1..=sample::MOST_RECORDS).contains(&records) => Ok(records),
        _ => Err(wanted),
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
    fn clap_finds_no_contradiction() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_alias_and_the_cargo_plugin_read_the_same() {
        for line in ["cargo-tt upload a.csv", "cargo-tt tt upload a.csv"] {
            match parse(line).unwrap().command {
                Command::Upload(upload) => assert_eq!(upload.file, Path::new("a.csv")),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_file_called_tt_is_still_a_file() {
        let Command::Upload(upload) = parse("cargo-tt upload tt").unwrap().command else {
            panic!("not an upload");
        };
        assert_eq!(upload.file, Path::new("tt"));
    }

    #[test]
    fn zero_records_are_refused_with_what_to_give_instead() {
        let error = parse("cargo-tt demo --records 0").unwrap_err().to_string();
        assert!(
            error.contains("give a whole number from 1 to 1000000"),
            "{error}"
        );
    }

    #[test]
    fn a_file_and_generated_records_exclude_each_other() {
        assert!(parse("cargo-tt demo --file a.csv --records 5").is_err());
    }

    #[test]
    fn help_teaches_by_example() {
        let mut command = Args::command();
        assert!(
            command
                .render_long_help()
                .to_string()
                .contains("cargo tt demo --once")
        );
    }
}
