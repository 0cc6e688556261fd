//! A child process and everything that it starts, ended together.

use std::{
    io,
    os::unix::process::ExitStatusExt,
    process::ExitStatus,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::{Child, ChildStdout, Command};

/// How long the processes may take to clean up behind themselves, as compilers and pip do after Ctrl-C.
const GRACE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(10);

/// A process group of its own. Dropping it interrupts all of it, and kills what does not end.
///
/// Killing the child alone is not enough: cargo and pip would leave compilers and installers behind.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    /// `None` once the child ended by itself: then its number may be given to another process.
    running: Option<Pid>,
}

impl Group {
    /// Starts the command as the first process of the group.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            child,
            running: id.and_then(Pid::from_raw),
        })
    }

    /// Takes the pipe that the command was given as standard output.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits until the first process ends.
    ///
    /// # Cancel safety
    ///
    /// Waiting again goes on.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.running = None;
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(group) = self.running else { return };
        let _ended_meanwhile = kill_process_group(group, Signal::INT);
        let began = Instant::now();
        // A child that is not waited for stays in the process table, and so in its group.
        while self.child.try_wait().is_ok_and(|status| status.is_none())
            || test_kill_process_group(group).is_ok()
        {
            if began.elapsed() > GRACE {
                let _ended_meanwhile = kill_process_group(group, Signal::KILL);
                return;
            }
            thread::sleep(POLL);
        }
    }
}

/// How a process ended, in words.
pub(crate) fn ending(status: ExitStatus) -> String {
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

    /// Starts a shell whose grandchild would go on alone, and gives both process ids.
    async fn start(script: &str) -> (Group, [i32; 2]) {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).stdout(Stdio::piped());
        let mut group = Group::spawn(&mut shell).unwrap();
        let mut lines = BufReader::new(group.stdout().unwrap()).lines();
        let mut pids = [0; 2];
        for pid in &mut pids {
            *pid = lines.next_line().await.unwrap().unwrap().parse().unwrap();
        }
        (group, pids)
    }

    /// A zombie is not running: nobody waits for the grandchild of a test.
    fn runs(pid: i32) -> bool {
        let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[tokio::test]
    async fn nothing_outlives_a_dropped_group() {
        for ignored in ["", "trap '' INT; "] {
            let script = format!("{ignored}sleep 60 & echo $$; echo $!; wait");
            let (group, pids) = start(&script).await;
            assert!(pids.iter().all(|pid| runs(*pid)));
            drop(group);
            let began = Instant::now();
            while pids.iter().any(|pid| runs(*pid)) {
                assert!(began.elapsed() < Duration::from_secs(30), "{pids:?}");
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn a_group_that_ended_by_itself_is_left_alone() {
        let mut command = Command::new("sh");
        let mut group = Group::spawn(command.args(["-c", "exit 3"])).unwrap();
        let status = group.wait().await.unwrap();
        assert_eq!(ending(status), "exit code 3");
        assert!(group.running.is_none());
    }
}
