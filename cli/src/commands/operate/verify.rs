//! `cargo tt verify`: uploads a test file and compares the metrics with what it must cause.

use std::time::Duration;

use super::context::{Context, columns, mark};
use crate::{
    args::operate as args,
    commands::error::Error,
    operate::{
        self,
        verify::{self, Check, Options, Verified},
    },
    terminal::screen::{Style, Terminal},
};

/// Verifies the stack, and fails if a metric is not as expected.
pub(in crate::commands) async fn run(args: &args::Verify) -> Result<(), Error> {
    let context = Context::find(&args.stack).await?;
    let options = Options {
        file: args.file.clone(),
        expect: args.expect.clone(),
        timeout: args.timeout.map(Duration::from_secs),
    };
    let check = Check::new(&context.settings, options)?;
    context.confirm(args.yes, &[check.effect()])?;
    let verified = context
        .with_progress(async |progress| verify::run(&context.target, &check, progress).await)
        .await?;
    context.print(&verified, |terminal| {
        let mut lines = vec![String::new()];
        lines.extend(self::lines(&verified, terminal));
        lines
    });
    match verified.report.failure() {
        Some(failure) => Err(operate::Error::Verify(failure).into()),
        None => Ok(()),
    }
}

/// The table of the metrics, the identities, the alarms and the links.
pub(super) fn lines(verified: &Verified, terminal: &Terminal) -> Vec<String> {
    let report = &verified.report;
    let mut rows = vec![
        ["metric", "expected", "seen", ""]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(report.metrics.iter().map(|one| {
        let (expected, seen) = (one.expected.to_string(), one.seen.to_string());
        vec![
            one.metric.clone(),
            format!("{expected:>8}"),
            format!("{seen:>4}"),
            one.outcome.as_str().to_owned(),
        ]
    }));
    let table = columns(&rows).into_iter().enumerate();
    let mut lines: Vec<String> = table
        .map(|(index, line)| {
            let row = index
                .checked_sub(1)
                .and_then(|index| report.metrics.get(index));
            match row.map(|row| row.outcome.passed()) {
                None => terminal.paint(Style::Bold, &line),
                Some(true) => line,
                Some(false) => terminal.paint(Style::Red, &line),
            }
        })
        .collect();
    lines.push(String::new());
    let identities = report.identities.iter();
    lines.extend(identities.map(|one| format!("  {} {}", mark(terminal, one.holds), one.text)));
    let alarming: Vec<&str> = verified
        .alarms
        .iter()
        .filter(|alarm| alarm.state == "ALARM")
        .map(|alarm| alarm.name.as_str())
        .collect();
    if !verified.alarms.is_empty() {
        let text = if alarming.is_empty() {
            format!(
                "  {} {} alarms, none in state ALARM",
                mark(terminal, true),
                verified.alarms.len()
            )
        } else {
            // An alarm can have another cause, so it does not decide the result.
            format!("  ! in state ALARM: {}", alarming.join(", "))
        };
        lines.push(text);
    }
    lines.push(format!(
        "  {} after {} s",
        verified.object, verified.seconds
    ));
    lines.extend(verified.links.iter().map(|link| format!("  {link}")));
    lines
}
