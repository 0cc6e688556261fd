//! The command line of `cargo tt`.

pub mod operate;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{Args as Arguments, Parser, Subcommand, ValueEnum};

use crate::file::sample::MAX_RECORDS;

const EXAMPLES: &str = "\
Examples:
  cargo tt demo --once              upload five records, show their metrics, stop
  cargo tt demo                     the same, then keep running with a live page
  cargo tt upload my-records.csv    upload more records to the running demo
  cargo tt graph                    print the metrics of the running demo again
  cargo tt catalogue                list the metrics and where they are declared
  cargo tt alarms                   print alarms on the metrics
  cargo tt plan --stack NAME        compare a deployed stack with its template

The demo needs no AWS account and no Docker: the AWS services and Salesforce
run on this machine.";

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

const GRAPH_EXAMPLES: &str = "\
Examples:
  cargo tt graph                                     the running demo
  cargo tt graph --stack tt-prod --since 6h --live   a deployed stack, redrawn
  cargo tt graph --namespace shop/orders --json      every metric of a namespace
  cargo tt graph --stack tt-prod --html report.html  a page to send to somebody

Account, Region and endpoint are printed first. Without a running demo they are
those of the AWS settings of the environment (AWS_PROFILE, AWS_REGION, ..).
Nothing is changed.";

const CATALOGUE_EXAMPLES: &str = "\
Examples:
  cargo tt catalogue                                    the functions of this workspace
  cargo tt catalogue target/release/my-function         another program
  cargo tt catalogue --check template.yaml              fail if alarms, dashboard,
                                                        README.md or tt.toml differ
  cargo tt catalogue --format markdown > metrics.md

A program without metrics is listed as `none`.";

const DASHBOARD_EXAMPLES: &str = "\
Examples:
  cargo tt dashboard --write template.yaml              regenerate the marked section
  cargo tt dashboard target/lambda/*/bootstrap --template template.yaml
  cargo tt dashboard my-function --namespace shop/orders

A template has the marks below `Resources:`, indented as its resources:
  # BEGIN dashboard
  # END dashboard

Without --write, the body of the dashboard is printed as JSON. It has ${..} for
the values that CloudFormation inserts with !Sub.";

const ALARMS_EXAMPLES: &str = "\
Examples:
  cargo tt alarms --write template.yaml                 regenerate the marked section
  cargo tt alarms target/lambda/*/bootstrap --template template.yaml
  cargo tt alarms my-function --namespace shop/orders

A template has the marks below `Resources:`, indented as its resources:
  # BEGIN alarms
  # END alarms

Without --write, the resources are printed as YAML.";

/// The longest time for which CloudWatch keeps metrics: 455 days.
const MAX_SINCE_SECONDS: u64 = 455 * 86_400;

/// Business metrics of functions that use tt-metrics, on your machine and in an AWS account.
///
/// `demo` runs TT Producer, Case Creation and TMS Token Manager with local AWS services and a local
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
    /// Print metrics as a table and a graph: of the running demo, a stack or a namespace.
    #[command(after_help = GRAPH_EXAMPLES)]
    Graph(Graph),
    /// List the metrics that the functions, or programs, declare, with their source lines.
    #[command(after_help = CATALOGUE_EXAMPLES)]
    Catalogue(Catalogue),
    /// Print a CloudWatch dashboard for the metrics of programs, or write it into a template.
    #[command(after_help = DASHBOARD_EXAMPLES)]
    Dashboard(Generate),
    /// Print CloudWatch alarms for the metrics of programs, or write them into a template.
    #[command(after_help = ALARMS_EXAMPLES)]
    Alarms(Generate),
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

/// Arguments of `cargo tt graph`.
#[derive(Debug, Arguments)]
pub struct Graph {
    /// The deployed stack: its namespace is read from the environment of its functions [default: the running demo].
    #[arg(long, value_name = "STACK")]
    pub stack: Option<String>,
    /// `aws`, `local` (the running `cargo tt demo`) or an address [default: `AWS_ENDPOINT_URL`, else the running demo, else aws].
    #[arg(long, value_name = "ENDPOINT")]
    pub endpoint: Option<String>,
    /// The namespace, of which every metric is read.
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Read only this metric; can be repeated.
    #[arg(long, value_name = "NAME")]
    pub metric: Vec<String>,
    /// How the values of a metric that no catalogue contains are combined.
    #[arg(long, value_name = "STATISTIC", default_value = "sum")]
    pub statistic: GivenStatistic,
    /// Programs whose catalogues contain unit and meaning of the metrics [default: the functions of this workspace].
    #[arg(long, value_name = "FILE")]
    pub program: Vec<PathBuf>,
    /// How far back to read, such as 90s, 30m, 6h or 7d.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub since: Duration,
    /// Redraw until Ctrl-C; without a terminal, print the sums when they change.
    #[arg(long, conflicts_with_all = ["json", "html", "png"])]
    pub live: bool,
    /// Write a page without external resources to this file.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write a picture of the page to this file; needs Chromium.
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Print JSON instead of the table and the graph.
    #[arg(long)]
    pub json: bool,
    /// The settings [default: the nearest tt.toml].
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

/// How values are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GivenStatistic {
    /// Added.
    Sum,
    /// The largest one.
    Maximum,
}

/// Arguments of `cargo tt catalogue`.
#[derive(Debug, Arguments)]
pub struct Catalogue {
    /// Executables that use tt-metrics, stripped or not; they are read and not run [default: the functions of this workspace].
    #[arg(value_name = "PROGRAM")]
    pub programs: Vec<PathBuf>,
    /// The format of the list.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Compare the metrics with the alarms and dashboards of this template; fail if they differ.
    #[arg(long, value_name = "TEMPLATE")]
    pub check: Option<PathBuf>,
    /// With --check, a document that must mention each metric; can be repeated [default: README.md beside the template].
    #[arg(long, value_name = "FILE", requires = "check")]
    pub docs: Vec<PathBuf>,
    /// The namespace, if the template does not contain it.
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// The settings [default: the nearest tt.toml].
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

/// The format of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns.
    Table,
    /// JSON.
    Json,
    /// A table in Markdown.
    Markdown,
}

/// Arguments of `cargo tt dashboard` and `cargo tt alarms`.
#[derive(Debug, Arguments)]
pub struct Generate {
    /// Executables that use tt-metrics [default: the functions of this workspace].
    #[arg(value_name = "PROGRAM")]
    pub programs: Vec<PathBuf>,
    /// The template that contains the functions, their log groups, queues and namespace.
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "write")]
    pub template: Option<PathBuf>,
    /// Replace the marked section of this template.
    #[arg(long, value_name = "TEMPLATE")]
    pub write: Option<PathBuf>,
    /// The namespace, if the template does not contain it.
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// The settings [default: the nearest tt.toml].
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

/// Removes the argument `tt`, which cargo inserts when it runs `cargo-tt` as a subcommand.
pub fn without_plugin_name(args: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    args.enumerate()
        .filter(|(index, arg)| *index != 1 || arg != "tt")
        .map(|(_, arg)| arg)
}

fn duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number and a unit, such as 90s, 30m, 6h or 7d".to_owned();
    let unit = text.chars().next_back().ok_or_else(expected)?;
    let number = text
        .strip_suffix(unit)
        .and_then(|number| number.parse::<u64>().ok());
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(expected()),
    };
    let seconds = number.ok_or_else(expected)?.saturating_mul(seconds);
    if !(1..=MAX_SINCE_SECONDS).contains(&seconds) {
        return Err(
            "expected a duration from 1s to 455d, as long as CloudWatch keeps metrics".to_owned(),
        );
    }
    Ok(Duration::from_secs(seconds))
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
    fn duration_has_a_unit() {
        let since = |text: &str| match parse(&format!("cargo-tt graph --since {text}"))?.command {
            Command::Graph(graph) => Ok::<_, clap::Error>(graph.since.as_secs()),
            other => panic!("{other:?}"),
        };
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("6h", 21_600), ("7d", 604_800)] {
            assert_eq!(since(text).unwrap(), seconds);
        }
        for text in ["1", "h", "0s", "1w", "-1h", "456d", "1.5h", "5é"] {
            assert!(since(text).is_err(), "{text}");
        }
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
