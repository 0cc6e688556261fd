//! The AWS endpoint: ministack in a separate process, with a guard against requests of web pages and metrics in logs.

mod modules;
mod supervisor;

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, Instant},
};

use self::supervisor::Supervised;
use super::{
    error::Error,
    run_directory::RunDirectory,
    sdk::{CREDENTIALS, REGION},
};
use crate::{
    process::{describe_exit, last_line},
    python::Venv,
    terminal::progress::Progress,
};

const START_TIMEOUT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);
/// How often another port is tried when a process has taken the free one.
const ATTEMPTS: u32 = 3;

/// A running AWS endpoint; dropping it ends it and the functions that it runs.
#[derive(Debug)]
pub(super) struct Endpoint {
    process: Supervised,
    url: String,
    log: PathBuf,
}

impl Endpoint {
    /// Starts the endpoint on a free port and waits until it responds.
    pub(super) async fn start(
        venv: &Venv,
        run: &RunDirectory,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let mut attempt = 1;
        loop {
            match Self::start_on(venv, run, free_port()?, progress).await {
                Err(Error::BusyPort { .. }) if attempt < ATTEMPTS => attempt += 1,
                started => return started,
            }
        }
    }

    async fn start_on(
        venv: &Venv,
        run: &RunDirectory,
        port: u16,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let url = format!("http://127.0.0.1:{port}");
        let log = run.path().join("ministack.log");
        let process = launch(venv, run, port, &url, &log).map_err(|source| Error::Start {
            log: log.clone(),
            source,
        })?;
        let endpoint = Self { process, url, log };
        endpoint.wait_until_healthy(port, progress).await?;
        Ok(endpoint)
    }

    /// `http://127.0.0.1:<port>`.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The supervisor process: ministack and the functions end with it.
    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The output of ministack.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Ends ministack and the functions and waits until they have ended.
    pub(super) async fn stop(self) -> Result<(), Error> {
        let pid = self.pid();
        self.process
            .stop()
            .await
            .map_err(|source| Error::StillRunning { pid, source })
    }

    /// Why the endpoint ended, if it did.
    pub(super) fn ended(&self) -> Option<Error> {
        let status = self.process.exited().ok()??;
        Some(Error::Ended {
            exit: describe_exit(status),
            log: self.log.clone(),
        })
    }

    async fn wait_until_healthy(&self, port: u16, progress: &dyn Progress) -> Result<(), Error> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()
            .map_err(|source| self.not_started(io::Error::other(source)))?;
        let health = format!("{}/_ministack/health", self.url);
        let started_at = Instant::now();
        loop {
            let exited = self.process.exited();
            if let Some(status) = exited.map_err(|source| self.not_started(source))? {
                return Err(self.ended_early(port, status));
            }
            if let Ok(answer) = client.get(&health).send().await
                && answer.status().is_success()
            {
                return Ok(());
            }
            let elapsed = started_at.elapsed();
            if elapsed > START_TIMEOUT {
                let source = io::Error::new(io::ErrorKind::TimedOut, "it does not respond");
                return Err(self.not_started(source));
            }
            progress.detail(&format!("waiting for it, {} s", elapsed.as_secs()));
            tokio::time::sleep(POLL).await;
        }
    }

    fn not_started(&self, source: io::Error) -> Error {
        Error::Start {
            log: self.log.clone(),
            source,
        }
    }

    /// The error of a process that ended before it responded.
    fn ended_early(&self, port: u16, status: ExitStatus) -> Error {
        let output = fs::read_to_string(&self.log).unwrap_or_default();
        // Another process may take the port between `free_port` and the start.
        if output.contains("already in use") {
            return Error::BusyPort { port };
        }
        let last = last_line(&output).unwrap_or("no output");
        self.not_started(io::Error::other(format!(
            "{}, {last}",
            describe_exit(status)
        )))
    }
}

/// Starts ministack with the environment that it and the functions use.
fn launch(
    venv: &Venv,
    run: &RunDirectory,
    port: u16,
    url: &str,
    log: &Path,
) -> io::Result<Supervised> {
    let (directory, temporary) = (run.path(), run.temporary());
    fs::create_dir_all(&temporary)?;
    modules::write(directory)?;
    let environment = [
        ("HOME", &*directory.to_string_lossy()),
        ("TMPDIR", &*temporary.to_string_lossy()),
        ("PYTHONUNBUFFERED", "1"),
        ("BIND_HOST", "127.0.0.1"),
        ("GATEWAY_PORT", &*port.to_string()),
        ("MINISTACK_REGION", REGION),
        ("AWS_ENDPOINT_URL", url),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", CREDENTIALS.0),
        ("AWS_SECRET_ACCESS_KEY", CREDENTIALS.1),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        // No listeners on fixed ports, and no access to the user's containers.
        ("IOT_MTLS_ENABLED", "0"),
        ("SFTP_ENABLED", "0"),
        ("DOCKER_HOST", "unix:///nonexistent/docker.sock"),
    ];
    Supervised::start(&venv.python(), modules::START, directory, &environment, log)
}

fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::Port)?;
    Ok(listener.local_addr().map_err(Error::Port)?.port())
}
