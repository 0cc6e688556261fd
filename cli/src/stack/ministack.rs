//! The AWS endpoint: ministack as a process of its own, with everything it writes in a directory of its own.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use super::Error;
use crate::{progress::Progress, python::Venv};

/// Started instead of ministack itself, so that nothing outlives this process; it says why in its first lines.
const SUPERVISOR: &str = include_str!("supervisor.py");

/// The Region of the local stack.
pub(super) const REGION: &str = "us-east-1";
/// What ministack takes as access key and secret; it checks neither.
pub(super) const CREDENTIALS: (&str, &str) = ("test", "test");

const START_TIMEOUT: Duration = Duration::from_secs(60);
/// A little above the two seconds that the supervisor grants.
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

/// A running ministack; dropping it ends it and the functions that it runs.
#[derive(Debug)]
pub(super) struct Ministack {
    supervisor: Child,
    endpoint: String,
    log: PathBuf,
}

impl Ministack {
    /// Starts ministack on `port`, or on a free one, and waits until it answers.
    pub(super) async fn start(
        venv: &Venv,
        directory: &Path,
        port: Option<u16>,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        const ATTEMPTS: u32 = 3;
        let mut attempt = 1;
        loop {
            let started = Self::start_on(venv, directory, free_port(port)?, progress).await;
            match started {
                // Another process took the free port between the look and the start.
                Err(Error::BusyPort { .. }) if port.is_none() && attempt < ATTEMPTS => attempt += 1,
                started => return started,
            }
        }
    }

    async fn start_on(
        venv: &Venv,
        directory: &Path,
        port: u16,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = directory.join("ministack.log");
        let supervisor =
            spawn(venv, directory, port, &endpoint, &log).map_err(|source| Error::Start {
                log: log.clone(),
                source,
            })?;
        let mut ministack = Self {
            supervisor,
            endpoint,
            log,
        };
        ministack.wait_until_healthy(port, progress).await?;
        Ok(ministack)
    }

    /// `http://127.0.0.1:<port>`.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The process that ends ministack and its functions when it is ended.
    pub(super) fn pid(&self) -> u32 {
        self.supervisor.id()
    }

    /// What ministack said.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Ends ministack and its functions and waits until they are gone.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        let pid = self.pid();
        drop(self.supervisor.stdin.take());
        let began = Instant::now();
        while self.exited()?.is_none() {
            if began.elapsed() > STOP_TIMEOUT {
                return Err(Error::StillRunning { pid });
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn wait_until_healthy(
        &mut self,
        port: u16,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()
            .map_err(|source| self.not_started(io::Error::other(source)))?;
        let health = format!("{}/_ministack/health", self.endpoint);
        let began = Instant::now();
        loop {
            if let Some(status) = self.exited()? {
                return Err(self.ended_early(port, status));
            }
            if let Ok(answer) = client.get(&health).send().await
                && answer.status().is_success()
            {
                return Ok(());
            }
            if began.elapsed() > START_TIMEOUT {
                let source = io::Error::new(io::ErrorKind::TimedOut, "it does not answer");
                return Err(self.not_started(source));
            }
            progress.detail(&format!("waiting for it, {} s", began.elapsed().as_secs()));
            tokio::time::sleep(POLL).await;
        }
    }

    fn exited(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.supervisor
            .try_wait()
            .map_err(|source| self.not_started(source))
    }

    fn not_started(&self, source: io::Error) -> Error {
        Error::Start {
            log: self.log.clone(),
            source,
        }
    }

    /// The port may have been taken between the look and the start.
    fn ended_early(&self, port: u16, status: ExitStatus) -> Error {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        if said.contains("already in use") {
            return Error::BusyPort { port };
        }
        let last = crate::logged::last_line(&said).unwrap_or("it said nothing");
        self.not_started(io::Error::other(format!("{status}, {last}")))
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let began = Instant::now();
        while let Ok(None) = self.supervisor.try_wait() {
            if began.elapsed() > STOP_TIMEOUT {
                // ministack itself then gets SIGKILL from the kernel, see the supervisor.
                let _ = self.supervisor.kill();
                let _ = self.supervisor.wait();
                return;
            }
            std::thread::sleep(POLL);
        }
    }
}

fn spawn(
    venv: &Venv,
    directory: &Path,
    port: u16,
    endpoint: &str,
    log: &Path,
) -> io::Result<Child> {
    let temporary = directory.join("tmp");
    fs::create_dir_all(&temporary)?;
    let out = File::create(log)?;
    let mut command = Command::new(venv.python());
    command
        .args(["-c", SUPERVISOR])
        .current_dir(directory)
        .env_clear()
        .envs(
            PASSED_ON
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .env("HOME", directory)
        .env("TMPDIR", &temporary)
        .env("PYTHONUNBUFFERED", "1")
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", CREDENTIALS.0)
        .env("AWS_SECRET_ACCESS_KEY", CREDENTIALS.1)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("MINISTACK_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_REGION", REGION)
        // No second listener on a fixed port, and no look at the user's containers.
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        // Ctrl-C in the terminal is for this process, which then ends the group in order.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(out.try_clone()?)
        .stderr(out);
    command.spawn()
}

/// The wanted port if it is free, or any free one.
fn free_port(wanted: Option<u16>) -> Result<u16, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, wanted.unwrap_or(0)));
    let taken = |source: io::Error| match (wanted, source.kind()) {
        (Some(port), io::ErrorKind::AddrInUse) => Error::BusyPort { port },
        _ => Error::Port { address, source },
    };
    let listener = TcpListener::bind(address).map_err(taken)?;
    Ok(listener.local_addr().map_err(taken)?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_named_with_what_to_do() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = free_port(Some(port)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "port {port} is in use; choose another with --port, or leave it out for a free one"
            )
        );
    }

    #[test]
    fn without_a_wish_the_port_is_a_free_one() {
        let port = free_port(None).unwrap();
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
    }
}
