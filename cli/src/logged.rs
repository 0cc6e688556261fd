//! Runs a command with its output in a log file and a sign of life every second.

use std::{
    fs::File,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tokio::process::Command;

use crate::group::Group;

const TICK: Duration = Duration::from_secs(1);

/// Runs `command` to its end, both outputs appended to `log`, and calls `tick` every second with the
/// seconds gone by. The process and what it started are ended when the future is dropped.
pub(crate) async fn run(
    command: &mut Command,
    log: &Path,
    mut tick: impl FnMut(u64),
) -> io::Result<ExitStatus> {
    let out = File::options().create(true).append(true).open(log)?;
    command
        .stdin(Stdio::null())
        .stderr(out.try_clone()?)
        .stdout(out);
    let mut group = Group::spawn(command)?;
    let started = Instant::now();
    loop {
        match tokio::time::timeout(TICK, group.wait()).await {
            Ok(status) => return status,
            Err(_) => tick(started.elapsed().as_secs()),
        }
    }
}

/// The last line of a log that says something, without its indentation.
pub(crate) fn last_line(log: &str) -> Option<&str> {
    log.lines().map(str::trim).rfind(|line| !line.is_empty())
}
