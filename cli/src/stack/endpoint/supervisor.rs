//! Runs a Python script whose processes end with this process, however this process ends.

use std::{
    fs::File,
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The parent process of the script; it ends all descendants when its standard input ends.
const SUPERVISOR: &str = include_str!("supervisor.py");

/// More than the grace period of the script, two seconds.
const STOP_TIMEOUT: Duration = Duration::from_secs(6);
const POLL: Duration = Duration::from_millis(20);

/// The variables of this process that ministack and the functions inherit.
const INHERITED: [&str; 6] = [
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "RUST_BACKTRACE",
    "TZ",
];

/// A supervised script; dropping it ends the script and every process that it started.
#[derive(Debug)]
pub(super) struct Supervised {
    /// `try_wait` needs a mutable reference.
    child: Mutex<Child>,
    pid: u32,
}

impl Supervised {
    /// Starts the text of a Python script in `directory` with both outputs in `log`.
    pub(super) fn start(
        python: &Path,
        script: &str,
        directory: &Path,
        environment: &[(&str, &str)],
        log: &Path,
    ) -> io::Result<Self> {
        let out = File::create(log)?;
        let child = Command::new(python)
            .args(["-c", SUPERVISOR, script])
            .current_dir(directory)
            .env_clear()
            .envs(
                INHERITED
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(environment.iter().copied())
            // Ctrl-C in the terminal reaches this process only, which then ends the others.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()?;
        Ok(Self {
            pid: child.id(),
            child: Mutex::new(child),
        })
    }

    /// Process id of the supervisor.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// The exit status, if it ended.
    pub(super) fn exited(&self) -> io::Result<Option<ExitStatus>> {
        self.child().try_wait()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the script and its descendants and waits until they have ended.
    pub(super) async fn stop(&self) -> io::Result<()> {
        drop(self.child().stdin.take());
        let started_at = Instant::now();
        while self.exited()?.is_none() {
            if started_at.elapsed() > STOP_TIMEOUT {
                return Err(io::ErrorKind::TimedOut.into());
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.child().stdin.take());
        let started_at = Instant::now();
        while let Ok(None) = self.exited() {
            if started_at.elapsed() > STOP_TIMEOUT {
                // The kernel then kills the script, which has set PR_SET_PDEATHSIG.
                let _ = self.child().kill();
                let _ = self.child().wait();
                return;
            }
            std::thread::sleep(POLL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;
    use crate::python::Interpreter;

    /// Starts a process in a new session that ignores SIGTERM, then waits.
    const STUBBORN: &str = "
import os, signal, subprocess, sys, time
child = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)'
function = subprocess.Popen([sys.executable, '-c', child], start_new_session=True, stdout=subprocess.PIPE)
function.stdout.readline()
print('pids', os.getpid(), function.pid, flush=True)
time.sleep(60)
";

    /// A directory with empty modules of these names.
    fn modules(names: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for name in names {
            fs::create_dir(directory.path().join(name)).unwrap();
            fs::write(directory.path().join(name).join("__init__.py"), "").unwrap();
        }
        directory
    }

    async fn start(script: &str, directory: &Path) -> Supervised {
        let python = Interpreter::find().await.unwrap().path;
        let environment = [("PYTHONPATH", directory.to_str().unwrap())];
        let log = directory.join("log");
        Supervised::start(&python, script, directory, &environment, &log).unwrap()
    }

    /// The process directories of the ids that the script prints.
    async fn processes(directory: &Path) -> Vec<PathBuf> {
        let started_at = Instant::now();
        loop {
            let log = fs::read_to_string(directory.join("log")).unwrap();
            let pids = log
                .strip_prefix("pids ")
                .and_then(|log| log.strip_suffix('\n'));
            if let Some(pids) = pids {
                let paths = pids.split(' ').map(|pid| Path::new("/proc").join(pid));
                return paths.collect();
            }
            assert!(started_at.elapsed() < Duration::from_secs(30), "{log}");
            tokio::time::sleep(POLL).await;
        }
    }

    #[tokio::test]
    async fn stop_ends_descendants_that_ignore_sigterm() {
        let directory = modules(&["ministack", "cbor2", "samtranslator"]);
        let supervised = start(STUBBORN, directory.path()).await;
        let processes = processes(directory.path()).await;
        assert!(processes.len() == 2 && processes.iter().all(|process| process.exists()));
        supervised.stop().await.unwrap();
        assert!(
            processes.iter().all(|process| !process.exists()),
            "{processes:?}"
        );
    }

    #[tokio::test]
    async fn script_ends_when_the_supervisor_is_killed() {
        let directory = modules(&["ministack", "cbor2", "samtranslator"]);
        let script = "import os, time; print('pids', os.getpid(), flush=True); time.sleep(60)";
        let supervised = start(script, directory.path()).await;
        let processes = processes(directory.path()).await;
        supervised.child().kill().unwrap();
        supervised.child().wait().unwrap();
        let killed_at = Instant::now();
        while processes.iter().any(|process| process.exists()) {
            assert!(
                killed_at.elapsed() < Duration::from_secs(30),
                "{processes:?}"
            );
            tokio::time::sleep(POLL).await;
        }
    }

    #[tokio::test]
    async fn script_is_not_started_without_the_modules_it_needs() {
        let directory = modules(&["ministack", "samtranslator"]);
        let supervised = start("raise SystemExit(0)", directory.path()).await;
        let started_at = Instant::now();
        let status = loop {
            if let Some(status) = supervised.exited().unwrap() {
                break status;
            }
            assert!(started_at.elapsed() < Duration::from_secs(30));
            tokio::time::sleep(POLL).await;
        };
        assert_eq!(status.code(), Some(3));
        let log = fs::read_to_string(directory.path().join("log")).unwrap();
        assert_eq!(log, "missing from the virtual environment: cbor2\n");
    }
}
