//! The local stack starts, is isolated from other stacks, refuses web pages, and leaves no processes or files.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tt_cli::{
    stack::{LocalStack, Options},
    terminal::progress::Silent,
    workspace::Workspace,
};

fn accepts_connections(endpoint: &str) -> bool {
    TcpStream::connect(endpoint.trim_start_matches("http://")).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stacks_are_isolated_and_leave_no_processes() {
    let (one, other) = tokio::join!(
        LocalStack::start(Options::default(), &Silent),
        LocalStack::start(Options::default(), &Silent),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.endpoint(), other.endpoint());
    let uploaded = one.upload("note.txt", b"hello".to_vec()).await.unwrap();
    assert!(uploaded.key.starts_with("incoming/") && !uploaded.version_id.is_empty());

    let (endpoint, process) = (one.endpoint().to_owned(), format!("/proc/{}", one.pid()));
    one.stop().await.unwrap();
    assert!(!accepts_connections(&endpoint) && !Path::new(&process).exists());
    assert!(
        accepts_connections(other.endpoint()),
        "the other stack still runs"
    );

    let (endpoint, process) = (
        other.endpoint().to_owned(),
        format!("/proc/{}", other.pid()),
    );
    assert!(other.ended().is_none());
    kill(other.pid(), Signal::KILL).unwrap();
    while accepts_connections(&endpoint) || other.ended().is_none() {
        tokio::task::yield_now().await;
    }
    let message = other.ended().unwrap().to_string();
    let sentence = "the local AWS endpoint ended unexpectedly with signal 9 (log: ";
    assert!(message.starts_with(sentence), "{message}");
    drop(other);
    assert!(!accepts_connections(&endpoint) && !Path::new(&process).exists());
}

/// The status of the response to a raw request; SDKs and browsers differ in their headers only.
fn status(endpoint: &str, request: &str, headers: &str) -> io::Result<u16> {
    let mut connection = TcpStream::connect(endpoint.trim_start_matches("http://"))?;
    let request = format!(
        "{request} HTTP/1.1\r\n{headers}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    connection.write_all(request.as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::other(answer))
}

#[tokio::test(flavor = "multi_thread")]
async fn web_page_cannot_use_the_endpoint() {
    let stack = LocalStack::start(Options::default(), &Silent)
        .await
        .unwrap();
    let endpoint = stack.endpoint();
    let port = endpoint.rsplit_once(':').unwrap().1;
    let buckets = "GET /?x-id=ListBuckets";
    // SDKs put the name of a bucket before `localhost`.
    for (host, expected) in [
        ("127.0.0.1", 200),
        ("localhost", 200),
        ("[::1]", 200),
        ("no-such-bucket.localhost", 404),
    ] {
        let headers = format!("Host: {host}:{port}");
        let status = status(endpoint, buckets, &headers).unwrap();
        assert_eq!(status, expected, "{host}");
    }
    let simple_request = format!("Host: 127.0.0.1:{port}\r\nContent-Type: text/plain\r\nOrigin:");
    for headers in [
        // A form or a `fetch` of another origin, of a sandboxed frame, and an image.
        format!("{simple_request} https://page.example"),
        format!("{simple_request} null"),
        format!("Host: 127.0.0.1:{port}\r\nSec-Fetch-Site: cross-site"),
        format!("Host: 127.0.0.1:{port}\r\nSec-Fetch-Site: same-site"),
        // DNS rebinding.
        format!("Host: rebound.example:{port}"),
        format!("Host: rebound.example.:{port}"),
        "Host: 127.0.0.1:1".to_owned(),
    ] {
        for request in [buckets, "POST /2015-03-31/functions", "OPTIONS /"] {
            let status = status(endpoint, request, &headers).unwrap();
            assert_eq!(status, 403, "{request} {headers}");
        }
    }
    stack.stop().await.unwrap();
}

/// How an interrupted demo ended.
struct Interrupted {
    pid: u32,
    code: Option<i32>,
    output: String,
}

/// Starts the demo and sends it a signal when its output contains `when`. Returns the output from then on.
fn interrupt(signal: Signal, when: &str) -> io::Result<Interrupted> {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_cargo-tt"))
        .args(["demo", "--once"])
        .env("LC_ALL", "C")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = demo.id();
    let mut output = String::new();
    for line in BufReader::new(demo.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?).lines() {
        let line = line?;
        if line.contains(when) && output.is_empty() {
            kill(pid, signal)?;
        } else if output.is_empty() {
            continue;
        }
        output.push_str(&line);
    }
    let code = demo.wait()?.code();
    Ok(Interrupted { pid, code, output })
}

#[test]
fn interrupted_demo_leaves_no_processes_and_files() {
    let scratch = Workspace::find().unwrap().scratch();
    // Under `nohup` the demo ignores SIGHUP.
    let last = if ignores_hangup().unwrap() {
        Signal::TERM
    } else {
        Signal::HUP
    };
    for (signal, when) in [
        (Signal::INT, "starting the local AWS endpoint"),
        (Signal::TERM, "creating the stack"),
        (last, "reading the metrics back"),
    ] {
        let Interrupted { pid, code, output } = interrupt(signal, when).unwrap();
        assert_eq!(code, Some(130), "{output}");
        let sentence = "error: interrupted; everything that was started is stopped";
        assert!(output.contains(sentence), "{output}");
        let run = scratch.join(format!("run-{pid}-0"));
        assert!(!run.exists(), "{} still exists", run.display());
        assert!(!runs_below(&run).unwrap(), "a process still runs");
    }
}

/// Whether this process, and each one that it starts, ignores SIGHUP.
fn ignores_hangup() -> io::Result<bool> {
    let status = fs::read_to_string("/proc/self/status")?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    Ok(mask.ok_or(io::ErrorKind::InvalidData)? & 1 == 1)
}

/// Whether this is the working directory of a process, as of ministack and its functions.
fn runs_below(directory: &Path) -> io::Result<bool> {
    let mut processes = fs::read_dir("/proc")?.flatten();
    Ok(processes.any(|process| {
        let own = fs::read_link(process.path().join("cwd"));
        own.is_ok_and(|own| own.starts_with(directory))
    }))
}

fn kill(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    kill_process(pid.ok_or(io::ErrorKind::InvalidInput)?, signal)?;
    Ok(())
}
