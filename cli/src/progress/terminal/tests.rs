//! What a person and a log file get to see while something takes time.

use std::time::{Duration, Instant};

use super::{HEARTBEAT, Steps, elapsed};
use crate::screen::Look;

const LOG: Look = Look {
    columns: 80,
    rows: 24,
    unicode: false,
    colour: false,
    interactive: false,
};
const PERSON: Look = Look {
    columns: 40,
    interactive: true,
    ..LOG
};

#[test]
fn a_log_file_gets_a_line_when_a_step_starts_and_one_when_it_ends() {
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
fn a_summary_that_does_not_fit_stands_on_a_line_of_its_own() {
    let now = Instant::now();
    let mut steps = Steps::new(LOG, now);
    steps.begin("starting", now);
    let summary = "http://127.0.0.1:37005 ".repeat(3);
    let lines = steps.done(summary.trim(), now);
    assert_eq!(lines, format!("ok starting  0.0 s\n  {}\n", summary.trim()));
}

#[test]
fn a_log_file_gets_a_heartbeat_before_two_seconds_of_silence() {
    let now = Instant::now();
    let mut steps = Steps::new(LOG, now);
    steps.begin("building", now);
    steps.detail("aws-sdk-s3\nsecond line");
    assert_eq!(steps.tick(now + Duration::from_secs(1)), "");
    let beat = steps.tick(now + HEARTBEAT);
    assert_eq!(beat, "   building (1.7 s): aws-sdk-s3\n");
    assert_eq!(steps.tick(now + HEARTBEAT), "", "one line a heartbeat");
    assert_ne!(steps.tick(now + 2 * HEARTBEAT), "");
    assert!(HEARTBEAT < Duration::from_secs(2));
}

#[test]
fn no_step_no_heartbeat() {
    let now = Instant::now();
    let mut steps = Steps::new(LOG, now);
    assert_eq!(steps.tick(now + Duration::from_secs(9)), "");
}

#[test]
fn beginning_a_step_ends_the_one_before_it() {
    let now = Instant::now();
    let mut steps = Steps::new(LOG, now);
    steps.begin("one", now);
    assert_eq!(steps.begin("two", now), "ok one  0.0 s\ntwo ..\n");
}

#[test]
fn the_spinner_stays_on_one_line_whatever_the_detail() {
    let now = Instant::now();
    let mut steps = Steps::new(PERSON, now);
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
fn the_spinner_turns() {
    let now = Instant::now();
    let mut steps = Steps::new(PERSON, now);
    steps.begin("building", now);
    assert_ne!(steps.tick(now), steps.tick(now));
}

#[test]
fn elapsed_time_is_read_at_a_glance() {
    let times = [400, 12_000, 185_000].map(|millis| elapsed(Duration::from_millis(millis)));
    assert_eq!(times, ["0.4 s", "12 s", "3 min 05 s"]);
}
