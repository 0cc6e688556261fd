//! The same two functions in Python, with boto3 and Powertools, in a virtual environment.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{build, error::Error, process::Contender};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

/// Creates the environment unless it exists with these requirements.
pub(crate) fn environment() -> Result<PathBuf, Error> {
    let io = |source| Error::Io {
        action: "read or write the Python environment",
        source,
    };
    let home = build::target().join("bench-python");
    let python = home.join("bin/python");
    let requirements = Path::new(SOURCES).join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).map_err(io)?;
    let installed = home.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&home))?;
    let arguments = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ];
    run(Command::new(&python).args(arguments).arg(&requirements))?;
    fs::write(&installed, wanted).map_err(io)?;
    Ok(python)
}

/// One of the two functions.
pub(crate) fn contender(python: &Path, module: &str) -> Contender {
    Contender {
        name: "Python, boto3, Powertools",
        program: python.to_owned(),
        arguments: vec![format!("{SOURCES}/bootstrap.py"), module.to_owned()],
        env: vec![
            ("PYTHONPATH", SOURCES.to_owned()),
            ("PYTHONUNBUFFERED", String::new()),
        ],
    }
}

fn run(command: &mut Command) -> Result<(), Error> {
    let status = command.status();
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(Error::Command {
        command: format!("{command:?}"),
    })
}
