//! Makes a virtual environment from a requirements file, once.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::{error::Error, interpreter::Interpreter};
use crate::{
    process::{last_line, run_logged},
    terminal::progress::Progress,
    workspace::Workspace,
};

/// Written last. An environment without it was interrupted and is created again.
const MARKER: &str = "tt-complete";

/// Settings of pip that install packages outside the environment.
const PIP_ELSEWHERE: [&str; 4] = ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER"];

/// A virtual environment with exactly the packages of a requirements file.
#[derive(Debug, Clone)]
pub struct Venv {
    root: PathBuf,
}

impl Venv {
    /// Creates `<target>/tt/venv-<name>-<hash of the requirements>` unless it exists and is complete.
    ///
    /// The requirements must list a hash of each package file. A lock lets one process create the environment at a
    /// time. All files that pip writes, its cache included, are in the target directory. Its settings, such as
    /// `PIP_INDEX_URL`, are respected.
    ///
    /// # Errors
    ///
    /// When there is no Python, no `venv` module or no network, and when the installation fails.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends pip. The next call starts again.
    pub async fn prepare(
        name: &str,
        requirements: &Path,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let scratch = Workspace::find()?.scratch();
        Self::prepare_in(&scratch, name, requirements, progress).await
    }

    async fn prepare_in(
        scratch: &Path,
        name: &str,
        requirements: &Path,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let content = fs::read(requirements).map_err(io("read", requirements))?;
        let venv = Self {
            root: scratch.join(format!("venv-{name}-{}", short_hash(&content))),
        };
        if venv.is_complete() {
            return Ok(venv);
        }
        fs::create_dir_all(scratch).map_err(io("create", scratch))?;
        let _lock = lock(&venv.root.with_extension("lock"), progress).await?;
        if !venv.is_complete() {
            venv.install(scratch, requirements, progress).await?;
        }
        Ok(venv)
    }

    /// The interpreter of this environment.
    pub fn python(&self) -> PathBuf {
        self.root.join("bin/python")
    }

    /// The directory of this environment.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn is_complete(&self) -> bool {
        // The interpreter is a link to that of the system, which may have been removed.
        self.root.join(MARKER).is_file() && self.python().exists()
    }

    async fn install(
        &self,
        scratch: &Path,
        requirements: &Path,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let interpreter = Interpreter::find().await?;
        let log = self.root.with_extension("log");
        let _ = fs::remove_file(&log);
        if self.root.exists() {
            fs::remove_dir_all(&self.root).map_err(io("remove", &self.root))?;
        }
        progress.detail(&format!(
            "creating an environment of Python {}",
            interpreter.version
        ));
        let mut create = Command::new(&interpreter.path);
        create
            .args(["-m", "venv"])
            .arg(&self.root)
            .env_remove("PYTHONHOME");
        let status = run_logged(&mut create, &log, |seconds| {
            progress.detail(&format!("creating the environment, {seconds} s"));
        })
        .await
        .map_err(io("run", &interpreter.path))?;
        if !status.success() {
            return Err(Error::NoVenv {
                python: interpreter.path,
                log,
            });
        }

        let temporary = self.root.join("tmp");
        fs::create_dir_all(&temporary).map_err(io("create", &temporary))?;
        let mut pip = self.pip(scratch, &temporary);
        pip.args([
            "install",
            "--no-input",
            "--disable-pip-version-check",
            "--require-hashes",
            "--requirement",
        ])
        .arg(requirements);
        let status = run_logged(&mut pip, &log, |seconds| {
            progress.detail(&format!(
                "installing packages, {seconds} s{}",
                latest_output(&log)
            ));
        })
        .await
        .map_err(io("run", &self.python()))?;
        if !status.success() {
            return Err(installation_error(interpreter.path, requirements, log));
        }

        fs::remove_dir_all(&temporary).map_err(io("remove", &temporary))?;
        let marker = self.root.join(MARKER);
        fs::write(&marker, interpreter.version.to_string()).map_err(io("write", &marker))
    }

    fn pip(&self, scratch: &Path, temporary: &Path) -> Command {
        let mut pip = Command::new(self.python());
        pip.args(["-m", "pip"]);
        for name in PIP_ELSEWHERE.iter().chain(&["PYTHONHOME", "PYTHONPATH"]) {
            pip.env_remove(name);
        }
        if std::env::var_os("PIP_CACHE_DIR").is_none() {
            pip.env("PIP_CACHE_DIR", scratch.join("pip-cache"));
        }
        if std::env::var_os("PIP_RETRIES").is_none() {
            pip.env("PIP_RETRIES", "2");
        }
        // Inside the environment, so that an interrupted run leaves no files elsewhere.
        pip.env("TMPDIR", temporary);
        pip
    }
}

/// Waits until no other process creates this environment. Closing the file releases the lock.
async fn lock(path: &Path, progress: &dyn Progress) -> Result<File, Error> {
    let file = File::create(path).map_err(io("create", path))?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(io("lock", path)(source)),
            Err(TryLockError::WouldBlock) => {}
        }
        progress.detail(&format!(
            "another process installs packages, {} s",
            waited.as_secs()
        ));
        let pause = Duration::from_millis(250);
        tokio::time::sleep(pause).await;
        waited += pause;
    }
}

fn short_hash(content: &[u8]) -> String {
    HEXLOWER
        .encode(&Sha256::digest(content))
        .chars()
        .take(12)
        .collect()
}

/// The last line of pip's output, for the progress.
fn latest_output(log: &Path) -> String {
    let output = fs::read_to_string(log).unwrap_or_default();
    match last_line(&output) {
        Some(line) => format!(": {}", line.chars().take(60).collect::<String>()),
        None => String::new(),
    }
}

/// Classifies a failed installation by the output of pip.
fn installation_error(python: PathBuf, requirements: &Path, log: PathBuf) -> Error {
    let output = fs::read_to_string(&log).unwrap_or_default();
    let requirements = requirements.to_path_buf();
    if output.contains("No module named pip") {
        return Error::NoVenv { python, log };
    }
    if output.contains("CERTIFICATE_VERIFY_FAILED") {
        return Error::Untrusted { requirements, log };
    }
    if is_unreachable(&output) {
        return Error::NoNetwork { requirements, log };
    }
    let reason = output.lines().rfind(|line| line.starts_with("ERROR:"));
    let reason = reason
        .or(last_line(&output))
        .unwrap_or("no output")
        .to_owned();
    Error::Install {
        requirements,
        reason,
        log,
    }
}

/// Whether pip failed because the index was out of reach, by the messages of current versions of pip and urllib3.
fn is_unreachable(output: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "NewConnectionError",
        "Failed to establish a new connection",
        "Temporary failure in name resolution",
        "Failed to resolve",
        "Network is unreachable",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyError",
        "Could not connect to",
    ];
    SIGNS.iter().any(|sign| output.contains(sign))
}

fn io<'p>(action: &'static str, path: &'p Path) -> impl FnOnce(std::io::Error) -> Error + use<'p> {
    move |source| Error::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::progress::Silent;

    /// The error message for this output of pip.
    fn message(output: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        fs::write(&log, output).unwrap();
        installation_error(
            "/usr/bin/python3".into(),
            Path::new("requirements.txt"),
            log,
        )
        .to_string()
    }

    #[test]
    fn unreachable_index_and_missing_version_are_distinguished() {
        let offline = message(
            "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3...>: \
             Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')'\n\
             ERROR: Could not find a version that satisfies the requirement cbor2==6.3.0 (from versions: none)\n",
        );
        assert!(
            offline.starts_with("pip could not reach the package index"),
            "{offline}"
        );
        let missing =
            message("Looking in indexes: x\nERROR: No matching distribution found for a==1\n");
        let start = "pip could not install requirements.txt: ERROR: No matching distribution found";
        assert!(missing.starts_with(start), "{missing}");
    }

    #[test]
    fn untrusted_certificate_is_reported() {
        let message = message(
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: \
             CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain'))'\n\
             ERROR: No matching distribution found for cbor2==6.3.0\n",
        );
        assert!(
            message.starts_with("pip does not trust the certificate"),
            "{message}"
        );
        assert!(message.contains("PIP_CERT"), "{message}");
    }

    #[test]
    fn missing_pip_is_reported_with_the_package_to_install() {
        let message = message("/usr/bin/python3: No module named pip\n");
        assert!(
            message.starts_with("/usr/bin/python3 cannot create virtual environments"),
            "{message}"
        );
        assert!(message.contains("apt install python3-venv"), "{message}");
    }

    #[tokio::test]
    async fn interrupted_environment_is_created_again_and_only_once() {
        let scratch = tempfile::tempdir().unwrap();
        let requirements = scratch.path().join("requirements.txt");
        fs::write(&requirements, "# nothing\n").unwrap();
        let root = scratch
            .path()
            .join(format!("venv-test-{}", short_hash(b"# nothing\n")));
        let left = root.join("lib/of-an-interrupted-run");
        fs::create_dir_all(&left).unwrap();

        let prepare = || Venv::prepare_in(scratch.path(), "test", &requirements, &Silent);
        let (one, other) = tokio::join!(prepare(), prepare());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!((one.root(), other.root()), (&*root, &*root));
        assert!(one.is_complete() && !left.exists());

        let made = fs::metadata(root.join(MARKER)).unwrap().modified().unwrap();
        let again = prepare().await.unwrap();
        assert_eq!(
            fs::metadata(again.root().join(MARKER))
                .unwrap()
                .modified()
                .unwrap(),
            made
        );
    }
}
