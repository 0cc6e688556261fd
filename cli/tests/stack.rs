//! The local stack as a whole: it comes up, stays apart from its neighbours, and leaves nothing behind.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tt_cli::{
    progress::Silent,
    stack::{LocalStack, Options},
    workspace::Workspace,
};

fn answers(endpoint: &str) -> bool {
    TcpStream::connect(endpoint.trim_start_matches("http://")).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stacks_run_side_by_side_and_each_leaves_nothing_behind() {
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
    assert!(!answers(&endpoint) && !Path::new(&process).exists());
    assert!(answers(other.endpoint()), "a neighbour goes on");

    let (endpoint, process) = (
        other.endpoint().to_owned(),
        format!("/proc/{}", other.pid()),
    );
    assert!(other.ended().is_none());
    kill(other.pid(), Signal::KILL).unwrap();
    while answers(&endpoint) || other.ended().is_none() {
        tokio::task::yield_now().await;
    }
    let said = other.ended().unwrap().to_string();
    let sentence = "the local AWS endpoint ended unexpectedly with signal 9 (log: ";
    assert!(said.starts_with(sentence), "{said}");
    drop(other);
    assert!(!answers(&endpoint) && !Path::new(&process).exists());
}

/// How an interrupted demo ended.
struct Interrupted {
    pid: u32,
    code: Option<i32>,
    said: String,
}

/// Starts the demo and sends it a signal when it says `when`.
fn interrupt(signal: Signal, when: &str) -> io::Result<Interrupted> {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_cargo-tt"))
        .args(["demo", "--once"])
        .env("LC_ALL", "C")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = demo.id();
    let mut said = String::new();
    for line in BufReader::new(demo.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?).lines() {
        let line = line?;
        if line.contains(when) && said.is_empty() {
            kill(pid, signal)?;
            said.push_str("from then on: ");
        }
        if !said.is_empty() {
            said.push_str(&line);
        }
    }
    let code = demo.wait()?.code();
    Ok(Interrupted { pid, code, said })
}

#[test]
fn an_interrupted_demo_leaves_nothing_behind() {
    let scratch = Workspace::find().unwrap().scratch();
    // Under `nohup` the demo, too, goes on when the terminal ends.
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
        let Interrupted { pid, code, said } = interrupt(signal, when).unwrap();
        assert_eq!(code, Some(130), "{said}");
        let sentence = "error: interrupted; everything that was started is stopped";
        assert!(said.contains(sentence), "{said}");
        let run = scratch.join(format!("run-{pid}-0"));
        assert!(!run.exists(), "{} is left", run.display());
        assert!(!runs_below(&run).unwrap(), "a process is left");
    }
}

/// Whether this process, and so each one that it starts, ignores SIGHUP.
fn ignores_hangup() -> io::Result<bool> {
    let status = fs::read_to_string("/proc/self/status")?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    Ok(mask.ok_or(io::ErrorKind::InvalidData)? & 1 == 1)
}

/// Whether a process has this directory as its own, as ministack and its functions do.
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
