//! Child processes: started as a group, ended together, with their output in a log.

use std::{
    fs::File,
    io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::{Child, ChildStdout, Command};

/// How long the processes may take to end after SIGINT, as compilers and pip remove their temporary files.
const GRACE_PERIOD: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(10);
/// How often [`run_logged`] reports progress.
const TICK: Duration = Duration::from_secs(1);

/// A child process as the leader of a process group. Dropping it interrupts the group, and kills it after
/// [`GRACE_PERIOD`].
///
/// Killing only the child would leave the compilers of cargo and the installers of pip running.
#[derive(Debug)]
pub(crate) struct ProcessGroup {
    child: Child,
    /// `None` once the child has ended: its process id may then belong to another process.
    running: Option<Pid>,
}

impl ProcessGroup {
    /// Starts the command as the leader of a new group.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            child,
            running: id.and_then(Pid::from_raw),
        })
    }

    /// Takes the standard output of the child, if it is a pipe.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits until the child ends.
    ///
    /// # Cancel safety
    ///
    /// A cancelled wait can be repeated.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.running = None;
        Ok(status)
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let Some(group) = self.running else { return };
        let _already_ended = kill_process_group(group, Signal::INT);
        let interrupted_at = Instant::now();
        // A zombie stays in its group, so the child is waited for first.
        while self.child.try_wait().is_ok_and(|status| status.is_none())
            || test_kill_process_group(group).is_ok()
        {
            if interrupted_at.elapsed() > GRACE_PERIOD {
                let _already_ended = kill_process_group(group, Signal::KILL);
                return;
            }
            thread::sleep(POLL);
        }
    }
}

/// Runs `command` to its end with both outputs appended to `log`, and calls `tick` every second with the elapsed
/// seconds. Dropping the future ends the process group.
pub(crate) async fn run_logged(
    command: &mut Command,
    log: &Path,
    mut tick: impl FnMut(u64),
) -> io::Result<ExitStatus> {
    let output = File::options().create(true).append(true).open(log)?;
    command
        .stdin(Stdio::null())
        .stderr(output.try_clone()?)
        .stdout(output);
    let mut group = ProcessGroup::spawn(command)?;
    let started_at = Instant::now();
    loop {
        match tokio::time::timeout(TICK, group.wait()).await {
            Ok(status) => return status,
            Err(_) => tick(started_at.elapsed().as_secs()),
        }
    }
}

/// The last line of a log that is not blank, trimmed.
pub(crate) fn last_line(log: &str) -> Option<&str> {
    log.lines().map(str::trim).rfind(|line| !line.is_empty())
}

/// The exit code or the signal that ended a process.
pub(crate) fn describe_exit(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, process::Stdio};

    use tokio::io::{AsyncBufReadExt, BufReader};

    use super::*;

    /// Starts a shell with a background child, and returns both process ids.
    async fn start(script: &str) -> (ProcessGroup, [i32; 2]) {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).stdout(Stdio::piped());
        let mut group = ProcessGroup::spawn(&mut shell).unwrap();
        let mut lines = BufReader::new(group.stdout().unwrap()).lines();
        let mut pids = [0; 2];
        for pid in &mut pids {
            *pid = lines.next_line().await.unwrap().unwrap().parse().unwrap();
        }
        (group, pids)
    }

    /// Whether a process runs. A zombie does not; nothing waits for the background child of a test.
    fn runs(pid: i32) -> bool {
        let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[tokio::test]
    async fn dropped_group_leaves_no_process() {
        for ignored in ["", "trap '' INT; "] {
            let script = format!("{ignored}sleep 60 & echo $$; echo $!; wait");
            let (group, pids) = start(&script).await;
            assert!(pids.iter().all(|pid| runs(*pid)));
            drop(group);
            let dropped_at = Instant::now();
            while pids.iter().any(|pid| runs(*pid)) {
                assert!(dropped_at.elapsed() < Duration::from_secs(30), "{pids:?}");
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn ended_group_is_not_signalled() {
        let mut command = Command::new("sh");
        let mut group = ProcessGroup::spawn(command.args(["-c", "exit 3"])).unwrap();
        let status = group.wait().await.unwrap();
        assert_eq!(describe_exit(status), "exit code 3");
        assert!(group.running.is_none());
    }
}
