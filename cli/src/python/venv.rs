//! Makes a virtual environment from a requirements file, once.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::{Error, Interpreter};
use crate::{logged, progress::Progress, workspace::Workspace};

/// Written last: without it the environment is a leftover of an interrupted run and is made again.
const MARKER: &str = "tt-complete";

/// Settings of a user's pip that would install outside the environment.
const PIP_ELSEWHERE: [&str; 4] = ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER"];

/// A virtual environment that holds exactly what a requirements file pins.
#[derive(Debug, Clone)]
pub struct Venv {
    root: PathBuf,
}

impl Venv {
    /// Prepares `<target>/tt/venv-<name>-<hash of the requirements>`, or takes it as it is when it is complete.
    ///
    /// Processes that race for one environment wait for each other. Everything pip writes, its cache
    /// included, stays in the target directory; its settings (`PIP_INDEX_URL` and so on) are respected.
    ///
    /// # Errors
    ///
    /// One sentence each for no Python, no `venv` module, no network and a failed installation.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends pip; the next call starts over.
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
        let pinned = fs::read(requirements).map_err(io("read", requirements))?;
        let venv = Self {
            root: scratch.join(format!("venv-{name}-{}", short_hash(&pinned))),
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
        // The interpreter is a link to the one of the system, which may be gone since.
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
        let status = logged::run(&mut create, &log, |seconds| {
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
            "--requirement",
        ])
        .arg(requirements);
        let status = logged::run(&mut pip, &log, |seconds| {
            progress.detail(&format!("installing packages, {seconds} s{}", doing(&log)));
        })
        .await
        .map_err(io("run", &self.python()))?;
        if !status.success() {
            return Err(refused(interpreter.path, requirements, log));
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
        // Below the environment, so that nothing of an interrupted run is left elsewhere.
        pip.env("TMPDIR", temporary);
        pip
    }
}

/// Waits until no other process makes this environment; the lock ends with the file, or with the process.
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

/// What pip works at, for a line of progress.
fn doing(log: &Path) -> String {
    let said = fs::read_to_string(log).unwrap_or_default();
    match logged::last_line(&said) {
        Some(line) => format!(": {}", line.chars().take(60).collect::<String>()),
        None => String::new(),
    }
}

fn refused(python: PathBuf, requirements: &Path, log: PathBuf) -> Error {
    let said = fs::read_to_string(&log).unwrap_or_default();
    let requirements = requirements.to_path_buf();
    if said.contains("No module named pip") {
        return Error::NoVenv { python, log };
    }
    if said.contains("CERTIFICATE_VERIFY_FAILED") {
        return Error::Untrusted { requirements, log };
    }
    if is_unreachable(&said) {
        return Error::NoNetwork { requirements, log };
    }
    let reason = said.lines().rfind(|line| line.starts_with("ERROR:"));
    let reason = reason
        .or(logged::last_line(&said))
        .unwrap_or("it said nothing")
        .to_owned();
    Error::Install {
        requirements,
        reason,
        log,
    }
}

/// Whether pip failed because nobody answered, in the words of the versions of pip and urllib3 in use.
fn is_unreachable(said: &str) -> bool {
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
    SIGNS.iter().any(|sign| said.contains(sign))
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
    use crate::progress::Silent;

    /// What pip says is the log; the sentence is what the user sees.
    fn sentence(said: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        fs::write(&log, said).unwrap();
        refused(
            "/usr/bin/python3".into(),
            Path::new("requirements.txt"),
            log,
        )
        .to_string()
    }

    #[test]
    fn an_index_out_of_reach_is_told_from_a_missing_version() {
        let offline = sentence(
            "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3...>: \
             Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')'\n\
             ERROR: Could not find a version that satisfies the requirement cbor2==6.3.0 (from versions: none)\n",
        );
        assert!(
            offline.starts_with("pip could not reach the package index"),
            "{offline}"
        );
        let missing =
            sentence("Looking in indexes: x\nERROR: No matching distribution found for a==1\n");
        let start = "pip could not install requirements.txt: ERROR: No matching distribution found";
        assert!(missing.starts_with(start), "{missing}");
    }

    #[test]
    fn a_certificate_that_pip_does_not_trust_is_no_missing_version() {
        let said = sentence(
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: \
             CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain'))'\n\
             ERROR: No matching distribution found for cbor2==6.3.0\n",
        );
        assert!(
            said.starts_with("pip does not trust the certificate"),
            "{said}"
        );
        assert!(said.contains("PIP_CERT"), "{said}");
    }

    #[test]
    fn a_python_without_pip_is_told_which_package_to_install() {
        let said = sentence("/usr/bin/python3: No module named pip\n");
        assert!(
            said.starts_with("/usr/bin/python3 cannot create virtual environments"),
            "{said}"
        );
        assert!(said.contains("apt install python3-venv"), "{said}");
    }

    #[tokio::test]
    async fn an_interrupted_environment_is_made_again_and_by_one_of_those_who_want_it() {
        let scratch = tempfile::tempdir().unwrap();
        let requirements = scratch.path().join("requirements.txt");
        fs::write(&requirements, "# nothing\n").unwrap();
        let root = scratch
            .path()
            .join(format!("venv-test-{}", short_hash(b"# nothing\n")));
        let left = root.join("lib/left-by-a-killed-process");
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
