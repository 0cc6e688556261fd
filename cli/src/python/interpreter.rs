//! Finds a Python interpreter that is new enough.

use std::{ffi::OsString, fmt, path::PathBuf, process::Stdio};

use tokio::process::Command;

use super::error::{Error, OLDEST_VERSION};

/// The names of installed interpreters, preferred first.
const NAMES: [&str; 7] = [
    "python3",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python",
];

/// Major and minor version of an interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 3 in 3.11.
    pub major: u16,
    /// 11 in 3.11.
    pub minor: u16,
}

impl Version {
    /// Whether the requirements have packages for this version.
    pub fn is_supported(self) -> bool {
        Some(self) >= Self::parse(OLDEST_VERSION)
    }

    /// Parses `3.11`, `3.11.7` or `3.15.0rc1`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        Some(Self { major, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// An interpreter and its version.
#[derive(Debug, Clone)]
pub struct Interpreter {
    /// The executable, with shims resolved.
    pub path: PathBuf,
    /// Its version.
    pub version: Version,
}

impl Interpreter {
    /// Finds an interpreter that is new enough: the one named in `TT_PYTHON`, else the first on the path.
    ///
    /// # Errors
    ///
    /// [`Error::NoPython`] when there is none; it names those that are too old.
    pub async fn find() -> Result<Self, Error> {
        let chosen = std::env::var_os("TT_PYTHON").filter(|name| !name.is_empty());
        Self::first_of(candidates(chosen)).await
    }

    async fn first_of(names: Vec<OsString>) -> Result<Self, Error> {
        let mut too_old = None;
        for name in &names {
            match query(name).await {
                Some(found) if found.version.is_supported() => return Ok(found),
                Some(found) => too_old = too_old.or(Some(found)),
                None => {}
            }
        }
        let found = match (too_old, names.as_slice()) {
            (Some(old), _) => format!("{} is {}", old.path.display(), old.version),
            (None, [chosen]) => {
                format!("{} is not a working interpreter", chosen.to_string_lossy())
            }
            (None, _) => "none was found".to_owned(),
        };
        Err(Error::NoPython { found })
    }
}

fn candidates(chosen: Option<OsString>) -> Vec<OsString> {
    match chosen {
        Some(name) => vec![name],
        None => NAMES.iter().map(OsString::from).collect(),
    }
}

/// `None` when there is no such executable, or it is not Python, such as a shim without an installed version.
async fn query(name: &OsString) -> Option<Interpreter> {
    let output = Command::new(name)
        .args([
            "-c",
            "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)",
        ])
        .env_remove("PYTHONHOME")
        .stdin(Stdio::null())
        .output()
        .await
        .ok()?;
    let output = String::from_utf8(output.stdout).ok()?;
    let mut lines = output.lines();
    let version = Version::parse(lines.next()?)?;
    let path = lines
        .next()
        .filter(|path| !path.is_empty())
        .map_or_else(|| name.into(), Into::into);
    Some(Interpreter { path, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(!Version::parse("3.9.18").unwrap().is_supported());
        assert!(Version::parse("3.10\n").unwrap().is_supported());
        assert!(Version::parse("3.14.0rc1").unwrap() > Version::parse("3.9").unwrap());
        assert_eq!(Version::parse("pyenv: python: command not found"), None);
    }

    #[test]
    fn chosen_interpreter_is_the_only_candidate() {
        assert_eq!(candidates(Some("/opt/python".into())), ["/opt/python"]);
        assert_eq!(candidates(None).len(), NAMES.len());
    }

    #[tokio::test]
    async fn missing_python_is_reported() {
        let nowhere = ["/nowhere/python3", "/nowhere/python"].map(OsString::from);
        let error = Interpreter::first_of(nowhere.to_vec()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "Python 3.10 or newer is needed and none was found; install it, or name one in TT_PYTHON"
        );
    }

    #[tokio::test]
    async fn chosen_interpreter_that_does_not_run_is_named() {
        let error = Interpreter::first_of(vec!["/nowhere/python3".into()]).await;
        let message = error.unwrap_err().to_string();
        let expected = "and /nowhere/python3 is not a working interpreter;";
        assert!(message.contains(expected), "{message}");
    }
}
