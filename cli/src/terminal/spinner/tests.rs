//! The output of progress to a log file and to a terminal.

use std::time::{Duration, Instant};

use super::{HEARTBEAT, Steps, elapsed};
use crate::terminal::screen::Terminal;

const LOG: Terminal = Terminal {
    columns: 80,
    rows: 24,
    unicode: false,
    colour: false,
    interactive: false,
};
const TERMINAL: Terminal = Terminal {
    columns: 40,
    interactive: true,
    ..LOG
};

#[test]
fn log_file_has_a_line_for_start_and_end_of_a_step() {
    let now = Instant::now();
    let mut steps = Steps::new(LOG, now);
    assert_eq!(steps.begin("building", now), "building ..\n");
    let later = now + Duration::from_millis(3210);
    assert_eq!(
        steps.done("three Lambdas", later),
        "ok building: three Lambdas  3.2 s\n"
    );
}

#[test]
fn failed_step_has_its_reason_and_another_mark() {
    let now = Instant::now();
    let mut steps = Steps::new(LOG, now);
    steps.begin("testing", now);
    assert_eq!(
        steps.failed("exit status 1", now),
        "NO testing: exit status 1  0.0 s\n"
    );
    assert_eq!(steps.begin("next", now), "next ..\n");
}

#[test]
fn long_summary_is_on_a_separate_line() {
    let now = Instant::now();
    let mut steps = Steps::new(LOG, now);
    steps.begin("starting", now);
    let summary = "http://127.0.0.1:37005 ".repeat(3);
    let lines = steps.done(summary.trim(), now);
    assert_eq!(lines, format!("ok starting  0.0 s\n  {}\n", summary.trim()));
}

#[test]
fn log_file_has_a_line_at_least_every_two_seconds() {
    let now = Instant::now();
    let mut steps = Steps::new(LOG, now);
    steps.begin("building", now);
    steps.detail("aws-sdk-s3\nsecond line");
    assert_eq!(steps.tick(now + Duration::from_secs(1)), "");
    let beat = steps.tick(now + HEARTBEAT);
    assert_eq!(beat, "   building (1.7 s): aws-sdk-s3\n");
    assert_eq!(
        steps.tick(now + HEARTBEAT),
        "",
        "one line for each heartbeat"
    );
    assert_ne!(steps.tick(now + 2 * HEARTBEAT), "");
    assert!(HEARTBEAT < Duration::from_secs(2));
}

#[test]
fn no_heartbeat_without_a_step() {
    let now = Instant::now();
    let mut steps = Steps::new(LOG, now);
    assert_eq!(steps.tick(now + Duration::from_secs(9)), "");
}

#[test]
fn new_step_ends_the_one_before_it() {
    let now = Instant::now();
    let mut steps = Steps::new(LOG, now);
    steps.begin("one", now);
    assert_eq!(steps.begin("two", now), "ok one  0.0 s\ntwo ..\n");
}

#[test]
fn spinner_stays_on_one_line() {
    let now = Instant::now();
    let mut steps = Steps::new(TERMINAL, now);
    steps.begin("building", now);
    steps.detail(&"long ".repeat(50));
    let drawn = steps.tick(now);
    let visible = drawn.trim_start_matches("\r\u{1b}[2K");
    assert!(visible.chars().count() < 40, "{visible:?}");
    assert!(
        drawn.starts_with('\r') && !drawn.contains('\n'),
        "{drawn:?}"
    );
}

#[test]
fn spinner_turns() {
    let now = Instant::now();
    let mut steps = Steps::new(TERMINAL, now);
    steps.begin("building", now);
    assert_ne!(steps.tick(now), steps.tick(now));
}

#[test]
fn elapsed_time_has_a_readable_unit() {
    let times = [400, 12_000, 185_000].map(|millis| elapsed(Duration::from_millis(millis)));
    assert_eq!(times, ["0.4 s", "12 s", "3 min 05 s"]);
}
