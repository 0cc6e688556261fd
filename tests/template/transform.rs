//! Runs `transform.py` in its virtual environment.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tt_cli::{progress::Silent, python::Venv};

/// One template text to transform.
#[derive(Debug, Serialize)]
pub(crate) struct Task {
    /// YAML.
    pub(crate) text: String,
    /// Linting takes a second, so it is left out where another check must notice the mistake.
    pub(crate) lint: bool,
    /// Values for the parameter `SalesforceLoginUrl`.
    pub(crate) login_urls: Vec<&'static str>,
}

/// What became of one template text.
#[derive(Debug, Deserialize)]
pub(crate) struct Checked {
    /// Absent when the transform refused it.
    pub(crate) template: Option<Value>,
    /// Errors of the transform, errors and warnings of the linter.
    pub(crate) findings: Vec<String>,
    /// The values that its pattern accepts.
    pub(crate) login_urls: Vec<String>,
}

/// The template as `sam package` leaves it: code comes from S3.
pub(crate) fn packaged() -> String {
    let path = directory().join("../template.yaml");
    let text = std::fs::read_to_string(path).expect("template.yaml is in the workspace root");
    text.replace("CodeUri: functions/", "CodeUri: s3://packaged/")
}

/// Transforms each text, and lints it if wanted.
pub(crate) fn check(tasks: &[Task]) -> Vec<Checked> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let requirements = directory().join("requirements-template.txt");
    let venv = runtime
        .block_on(Venv::prepare("template", &requirements, &Silent))
        .expect("the virtual environment of the template check");
    let mut python = Command::new(venv.python())
        .arg(directory().join("template/transform.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = python.stdin.take().unwrap();
    input
        .write_all(&serde_json::to_vec(tasks).unwrap())
        .unwrap();
    drop(input);
    let output = python.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "transform.py failed:\n{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn directory() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
