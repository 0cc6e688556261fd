//! Mistakes of a new user: each ends with one message, what to do, and the right exit code.

use std::{
    fs, io,
    net::TcpListener,
    path::Path,
    process::{Command, ExitStatus, Output},
};

/// Runs `cargo tt <args>` in `directory`, without a terminal.
fn cargo_tt(directory: &Path, args: &[&str]) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_cargo-tt"))
        .args(args)
        .current_dir(directory)
        .env("LC_ALL", "C")
        .env_remove("RUST_BACKTRACE")
        .output()
}

/// Copies the binary in another process. If this process copied it, a child of another test could inherit the open file,
/// and an executable that is open for writing cannot be started.
fn copy_to(path: &Path) -> io::Result<ExitStatus> {
    let mut copy = Command::new("cp");
    copy.arg(env!("CARGO_BIN_EXE_cargo-tt")).arg(path).status()
}

/// Asserts the exit code, and that standard error contains `message` and `help` and no stack trace.
fn refused(output: &Output, code: i32, message: &str, help: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(
        stderr.contains(message),
        "`{message}` is missing in: {stderr}"
    );
    assert!(stderr.contains(help), "`{help}` is missing in: {stderr}");
    assert!(
        !stderr.contains("panicked") && !stderr.contains("stack backtrace"),
        "{stderr}"
    );
    assert!(
        output.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn missing_file_is_named_before_anything_starts() {
    let directory = tempfile::tempdir().unwrap();
    let output = cargo_tt(directory.path(), &["demo", "--file", "missing.csv"]).unwrap();
    refused(
        &output,
        2,
        "file `missing.csv` does not exist",
        "check the path",
    );
    let output = cargo_tt(directory.path(), &["upload", "missing.csv"]).unwrap();
    refused(
        &output,
        2,
        "file `missing.csv` does not exist",
        "check the path",
    );
}

#[test]
fn catalogue_is_read_from_the_file_of_a_program() {
    let directory = tempfile::tempdir().unwrap();
    // The binary contains the functions of this workspace.
    let output = cargo_tt(
        directory.path(),
        &["catalogue", env!("CARGO_BIN_EXE_cargo-tt")],
    )
    .unwrap();
    let linked = cargo_tt(directory.path(), &["catalogue"]).unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("TTEventPublished"), "{stdout}");
    // The function without metrics is a program of its own only in the list of this workspace.
    let linked = String::from_utf8_lossy(&linked.stdout);
    let linked = linked.strip_suffix("  metrics of tms-token-manager: none\n");
    assert_eq!(linked, Some(&*stdout));

    fs::write(directory.path().join("text"), "no program").unwrap();
    let output = cargo_tt(directory.path(), &["catalogue", "text"]).unwrap();
    refused(
        &output,
        1,
        "`text` contains no catalogue of metrics",
        "an attribute of tt-metrics",
    );
    let output = cargo_tt(directory.path(), &["catalogue", "missing"]).unwrap();
    refused(
        &output,
        2,
        "failed to read program `missing`",
        "cargo build",
    );
}

#[test]
fn empty_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("empty.csv"), "").unwrap();
    let output = cargo_tt(directory.path(), &["demo", "--file", "empty.csv"]).unwrap();
    refused(
        &output,
        2,
        "file `empty.csv` is empty",
        "at least one record",
    );
}

#[test]
fn directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let output = cargo_tt(directory.path(), &["demo", "--file", "."]).unwrap();
    refused(
        &output,
        2,
        "`.` is a directory, not a file",
        "name one file",
    );
}

#[test]
fn device_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let output = cargo_tt(directory.path(), &["demo", "--file", "/dev/zero"]).unwrap();
    refused(
        &output,
        2,
        "`/dev/zero` is not a regular file",
        "name one file",
    );
}

#[test]
fn zero_records_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let output = cargo_tt(directory.path(), &["demo", "--records", "0"]).unwrap();
    refused(
        &output,
        2,
        "invalid value '0' for '--records <N>'",
        "from 1 to 1000000",
    );
}

#[test]
fn file_and_generated_records_are_exclusive() {
    let directory = tempfile::tempdir().unwrap();
    let output = cargo_tt(
        directory.path(),
        &["demo", "--records", "5", "--file", "a.csv"],
    )
    .unwrap();
    refused(&output, 2, "cannot be used with", "Usage: cargo tt demo");
}

#[test]
fn busy_port_is_named_before_anything_starts() {
    let directory = tempfile::tempdir().unwrap();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let output = cargo_tt(directory.path(), &["demo", "--once", "--port", &port]).unwrap();
    refused(
        &output,
        1,
        &format!("port {port} is in use by another program"),
        "--port",
    );
}

#[test]
fn misspelt_command_is_corrected() {
    let directory = tempfile::tempdir().unwrap();
    let output = cargo_tt(directory.path(), &["dmeo"]).unwrap();
    refused(&output, 2, "unrecognized subcommand 'dmeo'", "'demo'");
}

#[test]
fn help_is_printed_without_a_command() {
    let directory = tempfile::tempdir().unwrap();
    let output = cargo_tt(directory.path(), &[]).unwrap();
    refused(
        &output,
        2,
        "Usage: cargo tt <COMMAND>",
        "cargo tt demo --once",
    );
}

#[test]
fn name_of_the_subcommand_is_ignored() {
    let directory = tempfile::tempdir().unwrap();
    for args in [&["tt", "demo", "--help"][..], &["demo", "--help"]] {
        let output = cargo_tt(directory.path(), args).unwrap();
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            help.contains("cargo tt demo --once --records 500"),
            "{help}"
        );
    }
}

#[test]
fn copied_binary_names_the_command_to_use() {
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("cargo-tt");
    copy_to(&copy).unwrap();
    let output = Command::new(&copy)
        .args(["demo", "--once"])
        .output()
        .unwrap();
    refused(
        &output,
        1,
        "is not in a target directory of cargo",
        "start it as `cargo tt`",
    );
}

#[test]
fn upload_without_a_running_demo_names_the_command_that_starts_one() {
    // In another target directory, so that a running demo of this workspace is not found.
    let target = tempfile::tempdir().unwrap();
    fs::write(target.path().join("CACHEDIR.TAG"), "").unwrap();
    let binary = target.path().join("debug").join("cargo-tt");
    fs::create_dir(target.path().join("debug")).unwrap();
    copy_to(&binary).unwrap();
    let file = target.path().join("a.csv");
    fs::write(&file, "record_id,customer_id,event_type\nR1,C1,E\n").unwrap();
    for args in [&["upload", "a.csv"][..], &["graph"]] {
        let output = Command::new(&binary)
            .args(args)
            .current_dir(target.path())
            .output()
            .unwrap();
        refused(&output, 1, "no local stack is running", "cargo tt demo");
    }
}

#[test]
fn unwritable_report_is_refused_before_anything_starts() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "x").unwrap();
    for report in [".", "file/report.html"] {
        let output = cargo_tt(directory.path(), &["demo", "--once", "--report", report]).unwrap();
        let message = format!("failed to write the report to `{report}`");
        refused(&output, 1, &message, "choose another path");
    }
}

#[test]
fn wrong_command_lines_of_a_stack_are_refused_before_any_request() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tt.toml"), "[operate]\nordre = []\n").unwrap();
    for (args, message, help) in [
        (
            &["plan", "--endpoint", "eu-west-1"][..],
            "`eu-west-1` is not the address of an endpoint",
            "http://127.0.0.1:4566",
        ),
        (
            &["plan", "--endpoint", "aws"],
            "no stack is named",
            "--stack NAME",
        ),
        (&["deploy"], "--release <FILE>", "Usage: cargo tt deploy"),
        (
            &["verify", "--expect", "SFCaseCreated"],
            "expected NAME=N",
            "SFCaseCreated=5",
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-tt"))
            .args(args)
            .args(["--config", "/dev/null"])
            .current_dir(directory.path())
            .env_remove("AWS_ENDPOINT_URL")
            .output()
            .unwrap();
        refused(&output, 2, message, help);
    }
    let output = cargo_tt(directory.path(), &["plan", "--endpoint", "aws"]).unwrap();
    refused(
        &output,
        2,
        "tt.toml` are not valid",
        "unknown field `ordre`",
    );
}

#[test]
fn endpoint_that_does_not_answer_is_named() {
    let directory = tempfile::tempdir().unwrap();
    // Nothing listens on the port of a listener that was closed.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let output = cargo_tt(directory.path(), &["plan", "--endpoint", &endpoint]).unwrap();
    refused(
        &output,
        1,
        "failed to describe the stack `tt-local`",
        "check the name of the stack",
    );
}
