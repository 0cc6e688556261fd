//! What `cargo tt` says when it can't go on: one sentence, the cause, and what to do.

use std::{error::Error as StdError, io, iter::successors, net::SocketAddr, path::PathBuf};

use crate::{build, file, metrics, python, stack, workspace};

/// Why a command of `cargo tt` ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file to upload is not there.
    #[error("file `{}` does not exist", path.display())]
    NoSuchFile {
        /// As given.
        path: PathBuf,
    },
    /// The file to upload is a directory.
    #[error("`{}` is a directory, not a file", path.display())]
    Directory {
        /// As given.
        path: PathBuf,
    },
    /// The file to upload is a pipe, a device or a socket.
    #[error("`{}` is not a regular file", path.display())]
    NotRegular {
        /// As given.
        path: PathBuf,
    },
    /// The file to upload does not fit.
    #[error(
        "file `{}` is larger than the {} MiB that the local stack takes",
        path.display(),
        file::MOST_BYTES / (1024 * 1024)
    )]
    LargeFile {
        /// As given.
        path: PathBuf,
    },
    /// The file to upload holds nothing.
    #[error("file `{}` is empty", path.display())]
    EmptyFile {
        /// As given.
        path: PathBuf,
    },
    /// The file to upload can't be read.
    #[error("failed to read file `{}`", path.display())]
    ReadFile {
        /// As given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something else listens on the port for the live page.
    #[error("port {port} is in use by another program")]
    PortInUse {
        /// As given.
        port: u16,
    },
    /// The live page can't be served.
    #[error("failed to listen on {address} for the live page")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The report can't be written.
    #[error("failed to write the report to `{}`", path.display())]
    WriteReport {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The workspace was not found.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The local stack could not do something.
    #[error(transparent)]
    Stack(#[from] stack::Error),
    /// The metrics could not be read.
    #[error(transparent)]
    Metrics(#[from] metrics::ReadError),
    /// The program whose catalogue was asked for can't be read.
    #[error("failed to read program `{}`", path.display())]
    ReadProgram {
        /// As given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program has no catalogue of metrics that can be read.
    #[error("`{}` does not say which metrics it has", path.display())]
    Catalogue {
        /// As given.
        path: PathBuf,
        /// Why.
        source: tt_metrics::catalogue::ReadError,
    },
    /// Some records have no outcome in the metrics.
    #[error("{missing}, {seconds} s after the upload")]
    Shortfall {
        /// Which metric, and by how much.
        missing: String,
        /// How long it was waited.
        seconds: u64,
        /// Where to look.
        log: PathBuf,
    },
    /// Ctrl-C or SIGTERM before the demo was ready.
    #[error("interrupted; everything that was started is stopped")]
    Interrupted,
    /// The threads that everything runs on can't be started.
    #[error("failed to start")]
    Runtime(#[source] io::Error),
    /// Signals can't be listened for.
    #[error("failed to listen for Ctrl-C")]
    Signals(#[source] io::Error),
}

impl Error {
    /// What to do about it, where the sentence does not say so itself.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoSuchFile { .. } => {
                "check the path; `cargo tt demo` without `--file` uploads a shipped file of five records"
            }
            Self::Directory { .. } | Self::NotRegular { .. } => {
                "name one file: CSV with a header, JSON Lines or a JSON array"
            }
            Self::EmptyFile { .. } => "give a file with at least one record",
            Self::LargeFile { .. } => "split it, or gzip it",
            Self::ReadFile { .. } => {
                "check the permissions of the file, and the disk that it is on"
            }
            Self::ReadProgram { .. } => {
                "name the file that `cargo build` made, for example `target/release/tt-producer`"
            }
            Self::Catalogue { .. } => {
                "a metric is in the catalogue when a function of the program is counted by an attribute"
            }
            Self::PortInUse { .. } => {
                "choose another with `--port`, or leave it out to take a free one"
            }
            Self::Listen { .. } => "choose another port with `--port`, 1024 or above",
            Self::WriteReport { .. } => "choose another place with `--report`",
            Self::Metrics(_) => "start the demo with `cargo tt demo`, if it does not run any more",
            Self::Shortfall { log, .. } => {
                return Some(format!("the log is {}", log.display()));
            }
            Self::Stack(error) => return help_with(error),
            Self::Workspace(_) | Self::Interrupted | Self::Runtime(_) | Self::Signals(_) => {
                return None;
            }
        };
        Some(help.into())
    }

    /// 2 for a wrong command line, 130 for Ctrl-C, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoSuchFile { .. }
            | Self::Directory { .. }
            | Self::NotRegular { .. }
            | Self::LargeFile { .. }
            | Self::EmptyFile { .. }
            | Self::ReadProgram { .. } => 2,
            Self::Interrupted => 130,
            _ => 1,
        }
    }

    /// The sentence, its causes from the outside in, and the help, a line each.
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

/// What to do about an error of the stack, where the sentence does not say so itself.
fn help_with(error: &stack::Error) -> Option<String> {
    use stack::Error::{Aws, Build, Io, Python};
    match error {
        Aws { log: Some(log), .. } => Some(format!("the log is {}", log.display())),
        Aws { log: None, .. } => {
            Some("start the demo with `cargo tt demo`, if it does not run any more".into())
        }
        Io { .. }
        | Python(python::Error::Io { .. })
        | Build(build::Error::Io { .. }) => Some(
            "the target directory must be writable, on a disk with some space left; CARGO_TARGET_DIR names another".into(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{io, path::PathBuf};

    use super::Error;

    #[test]
    fn an_error_is_a_sentence_its_cause_and_what_to_do() {
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
                "  help: choose another place with `--report`",
            ]
        );
    }

    #[test]
    fn causes_stand_on_one_line_from_the_outside_in() {
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
    fn a_wrong_command_line_has_another_exit_code_than_a_failure() {
        assert_eq!(
            Error::EmptyFile {
                path: PathBuf::new()
            }
            .exit_code(),
            2
        );
        assert_eq!(Error::PortInUse { port: 80 }.exit_code(), 1);
    }
}
