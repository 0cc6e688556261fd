//! The Python modules, without ministack.

mod guard;
mod metric_documents;

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use super::write;
use crate::python::Interpreter;

/// Runs a script in a directory that contains the package, and returns its standard output.
async fn run(script: &str, directory: &Path, variables: &[(&str, &str)], input: &str) -> String {
    write(directory).unwrap();
    let mut python = Command::new(Interpreter::find().await.unwrap().path)
        .args(["-c", script])
        .current_dir(directory)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{script}");
    String::from_utf8(output.stdout).unwrap()
}
