//! Runs `transform.py` in its virtual environment.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tt_cli::{python::Venv, terminal::progress::Silent};

/// One template text to transform.
#[derive(Debug, Serialize)]
pub(crate) struct Task {
    /// YAML.
    pub(crate) text: String,
    /// Linting takes a second, so only the tasks that need it request it.
    pub(crate) lint: bool,
    /// Values for the parameter `SalesforceLoginUrl`.
    pub(crate) login_urls: Vec<&'static str>,
}

/// The result for one template text.
#[derive(Debug, Deserialize)]
pub(crate) struct Checked {
    /// Absent if the transform failed.
    pub(crate) template: Option<Value>,
    /// Errors of the transform, errors and warnings of the linter.
    pub(crate) findings: Vec<String>,
    /// The login URLs that the pattern of the template accepts.
    pub(crate) login_urls: Vec<String>,
}

/// The template after `sam package`, which replaces the code of functions by locations in S3.
pub(crate) fn packaged() -> String {
    let path = directory().join("../template.yaml");
    let text = std::fs::read_to_string(path).expect("template.yaml is in the workspace root");
    text.replace("CodeUri: functions/", "CodeUri: s3://packaged/")
}

/// Transforms each text, and lints it if its task requests that.
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
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "transform.py failed:\n{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn directory() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
