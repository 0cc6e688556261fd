//! The errors of the commands: what failed, the cause, and what to do.

use std::{error::Error as StdError, io, iter::successors, path::PathBuf};

use crate::{
    account, catalogue, file,
    monitoring::{check, watched},
    operate, python,
    report::{html::live_page, metrics},
    settings,
    stack::{self, functions::build},
    template::{self, section::SectionError},
    workspace,
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be uploaded.
    #[error(transparent)]
    File(#[from] file::Error),
    /// The live page cannot be served.
    #[error(transparent)]
    LivePage(#[from] live_page::Error),
    /// The report cannot be written.
    #[error("failed to write the report to `{}`", path.display())]
    WriteReport {
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The workspace was not found.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The local stack failed.
    #[error(transparent)]
    Stack(#[from] stack::Error),
    /// Something that every command needs is missing.
    #[error("not as required: {0}")]
    Doctor(String),
    /// An operation on a stack failed.
    #[error(transparent)]
    Operate(#[from] operate::Error),
    /// The metrics cannot be read.
    #[error(transparent)]
    Metrics(#[from] metrics::ReadError),
    /// A program cannot be read, or is none.
    #[error(transparent)]
    Program(#[from] catalogue::Error),
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] settings::Error),
    /// The template cannot be read.
    #[error("failed to read the template `{}`", path.display())]
    ReadTemplate {
        /// As given.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The template cannot be parsed.
    #[error("the template `{}` cannot be parsed", path.display())]
    Template {
        /// As given.
        path: PathBuf,
        /// The cause.
        source: template::ParseError,
    },
    /// The template cannot be written.
    #[error("failed to write the template `{}`", path.display())]
    WriteTemplate {
        /// As given.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A document cannot be read.
    #[error("failed to read the document `{}`", path.display())]
    ReadDocument {
        /// As given.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Alarms or dashboard cannot be generated or compared.
    #[error(transparent)]
    Monitoring(check::Error),
    /// The account or the stack cannot be used.
    #[error(transparent)]
    Account(#[from] account::Error),
    /// No metric was found.
    #[error("the namespace `{namespace}` contains no metric{} ({place})", if *filtered { " of that name" } else { "" })]
    NoMetrics {
        /// The namespace.
        namespace: String,
        /// Whether names were given.
        filtered: bool,
        /// Account, Region, endpoint and stack.
        place: String,
    },
    /// No browser can draw the picture.
    #[error("a picture needs Chromium, and the path has none of {}", names.join(", "))]
    NoBrowser {
        /// The names of its program.
        names: &'static [&'static str],
    },
    /// The browser did not draw the picture.
    #[error("{browser} did not write the picture `{}`", path.display())]
    Picture {
        /// The program.
        browser: String,
        /// The picture.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The metrics of programs, template, documents and settings differ.
    #[error("{number} differences between the programs and `{}`", template.display())]
    Findings {
        /// Their number.
        number: usize,
        /// The template.
        template: PathBuf,
    },
    /// Some records have no outcome in the metrics.
    #[error("{missing}, {seconds} s after the upload")]
    Shortfall {
        /// The metric or the equation.
        missing: String,
        /// The timeout.
        seconds: u64,
        /// The log of the endpoint.
        log: PathBuf,
    },
    /// A signal arrived before the demo was complete.
    #[error("interrupted; everything that was started is stopped")]
    Interrupted,
    /// The runtime cannot be started.
    #[error("failed to start")]
    Runtime(#[source] io::Error),
    /// The signal handlers cannot be installed.
    #[error("failed to listen for Ctrl-C")]
    Signals(#[source] io::Error),
}

impl Error {
    /// What to do, unless the message contains it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::File(error) => return Some(help_with_file(error).into()),
            Self::LivePage(live_page::Error::PortInUse { .. }) => {
                "choose another port with `--port`, or omit it to use a free one"
            }
            Self::LivePage(_) => "choose another port with `--port`, 1024 or above",
            Self::WriteReport { .. } => "choose another path with `--report`",
            Self::Program(catalogue::Error::Read { .. }) => {
                "name a file that `cargo build` created, for example `target/release/tt-producer`"
            }
            Self::Program(_) => {
                "a program contains a catalogue if an attribute of tt-metrics counts one of its functions"
            }
            Self::ReadTemplate { .. } | Self::ReadDocument { .. } => "check the path",
            Self::Monitoring(check::Error::Watched(error)) => match error {
                watched::Error::NoNamespace => {
                    "name the template with `--template`, or the namespace with `--namespace`"
                }
                watched::Error::Namespaces(_) => "choose one with `--namespace`",
                _ => return None,
            },
            Self::Monitoring(check::Error::Section(SectionError::Missing { name })) => {
                return Some(format!(
                    "add the lines `# BEGIN {name}` and `# END {name}` below `Resources:`, indented as its resources"
                ));
            }
            Self::Findings { .. } => {
                "change the metrics, or run `cargo tt alarms --write` and `cargo tt dashboard --write` with the template"
            }
            Self::Metrics(_) => "check that `cargo tt demo` is still running, or the AWS settings",
            Self::Shortfall { log, .. } => return Some(format!("see the log {}", log.display())),
            Self::Stack(error) => return help_with_stack(error),
            Self::Operate(error) => return error.help().map(str::to_owned),
            Self::Account(account::Error::Aws { .. }) => {
                "check the AWS settings; for a profile with single sign-on, run `eval \"$(aws configure export-credentials --format env)\"` first"
            }
            Self::Account(
                account::Error::NoNamespace { .. } | account::Error::Namespaces { .. },
            ) => "name the namespace with `--namespace`",
            Self::NoMetrics { .. } => {
                "a new metric is listed up to 15 minutes after its first data; name its program with `--program`"
            }
            Self::NoBrowser { .. } => "install Chromium, or write the page with `--html`",
            Self::Account(_)
            | Self::Picture { .. }
            | Self::Settings(_)
            | Self::Template { .. }
            | Self::WriteTemplate { .. }
            | Self::Monitoring(_)
            | Self::Workspace(_)
            | Self::Doctor(_)
            | Self::Interrupted
            | Self::Runtime(_)
            | Self::Signals(_) => {
                return None;
            }
        };
        Some(help.into())
    }

    /// 2 for a wrong command line, 130 for Ctrl-C, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File(file::Error::Read { .. }) => 1,
            Self::File(_)
            | Self::Program(catalogue::Error::Read { .. })
            | Self::ReadTemplate { .. }
            | Self::ReadDocument { .. } => 2,
            Self::Operate(error) if error.is_usage() => 2,
            Self::Interrupted => 130,
            _ => 1,
        }
    }

    /// Message, causes from the outside in, and help, one line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("error: {self}")];
        let causes: Vec<String> = successors(self.source(), |error| (*error).source())
            .map(ToString::to_string)
            .collect();
        if !causes.is_empty() {
            lines.push(format!("  cause: {}", causes.join(": ")));
        }
        lines.extend(self.help().map(|help| format!("  help: {help}")));
        lines
    }
}

fn help_with_file(error: &file::Error) -> &'static str {
    match error {
        file::Error::Missing { .. } => {
            "check the path; `cargo tt demo` without `--file` uploads a shipped file of five records"
        }
        file::Error::Directory { .. } | file::Error::NotRegular { .. } => {
            "name one file: CSV with a header, JSON Lines or a JSON array"
        }
        file::Error::Empty { .. } => "name a file with at least one record",
        file::Error::TooLarge { .. } => "split or gzip the file",
        file::Error::Read { .. } => "check the permissions of the file",
    }
}

fn help_with_stack(error: &stack::Error) -> Option<String> {
    use stack::Error::{Aws, Build, Io, Python};
    match error {
        Aws { log: Some(log), .. } => Some(format!("see the log {}", log.display())),
        Aws { log: None, .. } => Some("check that `cargo tt demo` is still running".into()),
        Io { .. } | Python(python::Error::Io { .. }) | Build(build::Error::Io { .. }) => Some(
            "make the target directory writable and free some disk space, or choose another with CARGO_TARGET_DIR".into(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{io, path::PathBuf};

    use super::{Error, file, live_page};

    #[test]
    fn error_has_message_cause_and_help() {
        let source = io::Error::other("disk full");
        let error = Error::WriteReport {
            path: PathBuf::from("/r.html"),
            source,
        };
        assert_eq!(
            error.lines(),
            [
                "error: failed to write the report to `/r.html`",
                "  cause: disk full",
                "  help: choose another path with `--report`",
            ]
        );
    }

    #[test]
    fn causes_are_on_one_line_from_the_outside_in() {
        let inner = io::Error::other("no such directory");
        let source = io::Error::other(Error::Signals(inner));
        let error = Error::WriteReport {
            path: PathBuf::from("/r.html"),
            source,
        };
        assert_eq!(
            error.lines()[1],
            "  cause: failed to listen for Ctrl-C: no such directory"
        );
    }

    #[test]
    fn exit_code_of_a_wrong_command_line_differs_from_that_of_a_failure() {
        assert_eq!(
            Error::File(file::Error::Empty {
                path: PathBuf::new()
            })
            .exit_code(),
            2
        );
        let busy = live_page::Error::PortInUse { port: 80 };
        assert_eq!(Error::LivePage(busy).exit_code(), 1);
    }
}
