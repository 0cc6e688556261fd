//! `cargo tt plan`: compares a stack with its template, a release and its metrics.

use super::context::{Context, columns, mark};
use crate::{
    args::operate as args,
    commands::error::Error,
    operate::{
        self,
        plan::{self, CodeState, Level, Options, Plan},
        program::Sha256Hash,
    },
    terminal::screen::{Style, Terminal},
};

/// Prints the comparison, and fails on drift.
pub(in crate::commands) async fn run(args: &args::Plan) -> Result<(), Error> {
    let context = Context::find(&args.stack).await?;
    let options = Options {
        release: args.release.as_deref(),
    };
    let Context {
        target, settings, ..
    } = &context;
    let plan = context
        .with_progress(async |progress| plan::run(target, settings, options, progress).await)
        .await?;
    context.print(&plan, |terminal| lines(&plan, terminal));
    match plan.drift() {
        Some(drift) => Err(operate::Error::Drift(drift).into()),
        None => Ok(()),
    }
}

fn lines(plan: &Plan, terminal: &Terminal) -> Vec<String> {
    let short = |hash: Option<&Sha256Hash>| hash.map_or("-", Sha256Hash::short).to_owned();
    let mut rows = vec![
        [
            "function",
            "code",
            "live",
            "stack",
            "release",
            "machine",
            "glibc",
            "metrics",
            "configuration",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    rows.extend(plan.functions.iter().map(|row| {
        vec![
            row.logical_id.clone(),
            row.code.as_str().to_owned(),
            row.live.short().to_owned(),
            short(row.stack.as_ref()),
            short(row.release.as_ref()),
            row.architecture.clone(),
            row.glibc.clone().unwrap_or_else(|| "-".to_owned()),
            row.metrics
                .map_or_else(|| "none".to_owned(), |count| count.to_string()),
            row.configuration.text(),
        ]
    }));
    if plan.release.is_none() {
        for row in &mut rows {
            row.remove(4);
        }
    }
    let mut lines = vec![String::new()];
    let table = columns(&rows).into_iter().enumerate();
    lines.extend(table.map(|(index, line)| {
        let row = index
            .checked_sub(1)
            .and_then(|index| plan.functions.get(index));
        match row.map(|row| row.code) {
            None => terminal.paint(Style::Bold, &line),
            Some(CodeState::InStep | CodeState::OfRelease) => line,
            Some(CodeState::Drift | CodeState::KeyGone) => terminal.paint(Style::Red, &line),
        }
    }));
    if let Some(release) = &plan.release {
        let path = release.path.display();
        let text = match (&release.refused, release.changes.as_slice()) {
            (Some(refused), _) => format!("cargo tt deploy refuses {path}: {refused}"),
            (None, []) => format!("every function has the code of {path}"),
            (None, changes) => format!(
                "cargo tt deploy would replace the code of {}",
                changes.join(", ")
            ),
        };
        lines.extend([
            String::new(),
            format!("  {} {text}", mark(terminal, release.refused.is_none())),
        ]);
    }
    if !plan.findings.is_empty() {
        lines.push(String::new());
    }
    lines.extend(plan.findings.iter().map(|finding| {
        let level = match finding.level {
            Level::Drift => terminal.paint(Style::Red, "drift  "),
            Level::Warning => terminal.paint(Style::Bold, "warning"),
            Level::Note => terminal.paint(Style::Dim, "note   "),
        };
        format!("  {level}  {}: {}", finding.subject, finding.text)
    }));
    if plan.drift().is_none() {
        let mut rows = plan.functions.iter();
        let text = if rows.all(|row| row.code == CodeState::InStep) {
            "live code, configuration and metrics are in step"
        } else {
            "`sam deploy` of the release brings the stack in step"
        };
        lines.extend([String::new(), format!("  {} {text}", mark(terminal, true))]);
    }
    lines
}
