//! The AWS endpoint: ministack as a process of its own, with everything it writes in a directory of its own.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, Instant},
};

use super::{Error, run::Run, supervisor::Supervised};
use crate::{group::ending, logged::last_line, progress::Progress, python::Venv};

/// The Region of the local stack.
pub(super) const REGION: &str = "us-east-1";
/// What ministack takes as access key and secret; it checks neither.
pub(super) const CREDENTIALS: (&str, &str) = ("test", "test");

const START_TIMEOUT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);

/// A running ministack; dropping it ends it and the functions that it runs.
#[derive(Debug)]
pub(super) struct Ministack {
    process: Supervised,
    endpoint: String,
    log: PathBuf,
}

impl Ministack {
    /// Starts ministack on `port`, or on a free one, and waits until it answers.
    pub(super) async fn start(
        venv: &Venv,
        run: &Run,
        port: Option<u16>,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        const ATTEMPTS: u32 = 3;
        let mut attempt = 1;
        loop {
            let started = Self::start_on(venv, run, free_port(port)?, progress).await;
            match started {
                // Another process took the free port between the look and the start.
                Err(Error::BusyPort { .. }) if port.is_none() && attempt < ATTEMPTS => attempt += 1,
                started => return started,
            }
        }
    }

    async fn start_on(
        venv: &Venv,
        run: &Run,
        port: u16,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = run.directory().join("ministack.log");
        let process = launch(venv, run, port, &endpoint, &log).map_err(|source| Error::Start {
            log: log.clone(),
            source,
        })?;
        let ministack = Self {
            process,
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
        self.process.pid()
    }

    /// What ministack said.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Ends ministack and its functions and waits until they are gone.
    pub(super) async fn stop(self) -> Result<(), Error> {
        let pid = self.pid();
        self.process
            .stop()
            .await
            .map_err(|source| Error::StillRunning { pid, source })
    }

    /// Why nobody answers any more, if that is so.
    pub(super) fn ended(&self) -> Option<Error> {
        let status = self.process.exited().ok()??;
        Some(Error::Ended {
            ending: ending(status),
            log: self.log.clone(),
        })
    }

    async fn wait_until_healthy(&self, port: u16, progress: &dyn Progress) -> Result<(), Error> {
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

    fn exited(&self) -> Result<Option<ExitStatus>, Error> {
        self.process
            .exited()
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
        let last = last_line(&said).unwrap_or("it said nothing");
        self.not_started(io::Error::other(format!("{}, {last}", ending(status))))
    }
}

/// All that ministack and the functions know of their surroundings.
fn launch(venv: &Venv, run: &Run, port: u16, endpoint: &str, log: &Path) -> io::Result<Supervised> {
    let (directory, temporary) = (run.directory(), run.temporary());
    fs::create_dir_all(&temporary)?;
    let environment = [
        ("HOME", &*directory.to_string_lossy()),
        ("TMPDIR", &*temporary.to_string_lossy()),
        ("PYTHONUNBUFFERED", "1"),
        ("BIND_HOST", "127.0.0.1"),
        ("GATEWAY_PORT", &*port.to_string()),
        ("MINISTACK_REGION", REGION),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", CREDENTIALS.0),
        ("AWS_SECRET_ACCESS_KEY", CREDENTIALS.1),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        // No second listener on a fixed port, and no look at the user's containers.
        ("IOT_MTLS_ENABLED", "0"),
        ("SFTP_ENABLED", "0"),
        ("DOCKER_HOST", "unix:///nonexistent/docker.sock"),
    ];
    Supervised::start(&venv.python(), directory, &environment, log)
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
            format!("port {port} is in use; choose another, or none to take a free one")
        );
    }

    #[test]
    fn without_a_wish_the_port_is_a_free_one() {
        let port = free_port(None).unwrap();
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
    }
}
