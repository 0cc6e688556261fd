//! Runs ministack so that nothing of it outlives this process, however this process ends.

use std::{
    fs::File,
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A small parent for ministack that ends all of it when its standard input ends.
const SCRIPT: &str = include_str!("supervisor.py");

/// A little above the two seconds that the script grants.
const STOP_TIMEOUT: Duration = Duration::from_secs(6);
const POLL: Duration = Duration::from_millis(20);

/// The settings that pass from the caller to ministack and so to the functions; all others stay outside.
const PASSED_ON: [&str; 6] = [
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "RUST_BACKTRACE",
    "TZ",
];

/// A supervised ministack; dropping it ends ministack and every process that it started.
#[derive(Debug)]
pub(super) struct Supervised {
    /// Asking whether it ended takes its status away, from the outside a look.
    child: Mutex<Child>,
    pid: u32,
}

impl Supervised {
    /// Starts ministack in `directory` with both outputs in `log`.
    pub(super) fn start(
        python: &Path,
        directory: &Path,
        environment: &[(&str, &str)],
        log: &Path,
    ) -> io::Result<Self> {
        let out = File::create(log)?;
        let child = Command::new(python)
            .args(["-c", SCRIPT])
            .current_dir(directory)
            .env_clear()
            .envs(
                PASSED_ON
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(environment.iter().copied())
            // Ctrl-C in the terminal is for this process, which then ends the others in order.
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

    /// How it ended, if it ended.
    pub(super) fn exited(&self) -> io::Result<Option<ExitStatus>> {
        self.child().try_wait()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends ministack and all below it and waits until they are gone.
    pub(super) async fn stop(&self) -> io::Result<()> {
        drop(self.child().stdin.take());
        let began = Instant::now();
        while self.exited()?.is_none() {
            if began.elapsed() > STOP_TIMEOUT {
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
        let began = Instant::now();
        while let Ok(None) = self.exited() {
            if began.elapsed() > STOP_TIMEOUT {
                // The kernel then kills ministack itself, see the script.
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

    /// Starts a function that moves to a session of its own and ignores SIGTERM, then stays up.
    const STUBBORN: &str = "
import os, signal, subprocess, sys, time
child = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)'
function = subprocess.Popen([sys.executable, '-c', child], start_new_session=True, stdout=subprocess.PIPE)
function.stdout.readline()
print('pids', os.getpid(), function.pid, flush=True)
time.sleep(60)
";

    /// A directory with stand-ins for the modules that the script asks for.
    fn modules(main: &str, names: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for name in names {
            fs::create_dir(directory.path().join(name)).unwrap();
            fs::write(directory.path().join(name).join("__init__.py"), "").unwrap();
        }
        fs::write(directory.path().join("ministack/__main__.py"), main).unwrap();
        directory
    }

    async fn start(directory: &Path) -> Supervised {
        let python = Interpreter::find().await.unwrap().path;
        let path = directory.to_str().unwrap();
        Supervised::start(
            &python,
            directory,
            &[("PYTHONPATH", path)],
            &directory.join("log"),
        )
        .unwrap()
    }

    /// The processes that the stubborn ministack names.
    async fn pids(directory: &Path) -> Vec<PathBuf> {
        let began = Instant::now();
        loop {
            let log = fs::read_to_string(directory.join("log")).unwrap();
            if let Some(pids) = log
                .strip_prefix("pids ")
                .and_then(|log| log.strip_suffix('\n'))
            {
                return pids
                    .split(' ')
                    .map(|pid| Path::new("/proc").join(pid))
                    .collect();
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{log}");
            tokio::time::sleep(POLL).await;
        }
    }

    #[tokio::test]
    async fn stopping_ends_even_functions_that_hide_and_ignore_sigterm() {
        let directory = modules(STUBBORN, &["ministack", "cbor2", "samtranslator"]);
        let supervised = start(directory.path()).await;
        let pids = pids(directory.path()).await;
        assert!(pids.len() == 2 && pids.iter().all(|pid| pid.exists()));
        supervised.stop().await.unwrap();
        assert!(pids.iter().all(|pid| !pid.exists()), "{pids:?}");
    }

    #[tokio::test]
    async fn ministack_does_not_outlive_a_killed_supervisor() {
        let directory = modules(
            "import os; print('pids', os.getpid(), flush=True)\nwhile True: os.read(0, 1); import time; time.sleep(1)",
            &["ministack", "cbor2", "samtranslator"],
        );
        let supervised = start(directory.path()).await;
        let pids = pids(directory.path()).await;
        supervised.child().kill().unwrap();
        supervised.child().wait().unwrap();
        let began = Instant::now();
        while pids.iter().any(|pid| pid.exists()) {
            assert!(began.elapsed() < Duration::from_secs(30), "{pids:?}");
            tokio::time::sleep(POLL).await;
        }
    }

    #[tokio::test]
    async fn ministack_is_not_started_where_it_would_drop_each_metric() {
        let directory = modules("raise SystemExit(0)", &["ministack", "samtranslator"]);
        let supervised = start(directory.path()).await;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = supervised.exited().unwrap() {
                break status;
            }
            assert!(began.elapsed() < Duration::from_secs(30));
            tokio::time::sleep(POLL).await;
        };
        assert_eq!(status.code(), Some(3));
        let log = fs::read_to_string(directory.path().join("log")).unwrap();
        assert_eq!(log, "missing from the virtual environment: cbor2\n");
    }
}
