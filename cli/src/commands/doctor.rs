//! `cargo tt doctor`: examines the machine and the repository.

use super::error::Error;
use crate::{
    args,
    doctor::{self, Check, State},
    terminal::{
        progress::Progress,
        screen::{self, Style, Terminal},
        spinner::Spinner,
    },
    workspace::Workspace,
};

/// Prints the results, and fails if something is missing for every command.
pub(super) async fn run(args: &args::operate::Doctor) -> Result<(), Error> {
    let workspace = Workspace::find()?;
    let progress = Spinner::new();
    let checks = doctor::run(&workspace, |step| {
        progress.begin(&format!("examining the {step}"));
    })
    .await;
    progress.done("");
    drop(progress);
    if args.json {
        let text = serde_json::to_string_pretty(&checks).unwrap_or_default();
        screen::print(&format!("{text}\n"));
    } else {
        screen::print_lines(&lines(&checks, &Terminal::of_stdout()));
    }
    let bad = checks.iter().filter(|check| check.state == State::Bad);
    let bad: Vec<&str> = bad.map(|check| check.name).collect();
    if bad.is_empty() {
        return Ok(());
    }
    Err(Error::Doctor(bad.join(", ")))
}

fn lines(checks: &[Check], terminal: &Terminal) -> Vec<String> {
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0);
    let mut lines = Vec::new();
    for check in checks {
        let mark = match check.state {
            State::Good => terminal.paint(Style::Green, terminal.glyph("✓", "ok")),
            State::ForDeployment => terminal.paint(Style::Blue, terminal.glyph("–", "--")),
            State::Bad => terminal.paint(Style::Red, terminal.glyph("✗", "NO")),
        };
        lines.push(format!("  {mark} {:width$}  {}", check.name, check.found));
        let help = check.help.as_ref();
        lines.extend(help.map(|help| format!("      {help}")));
    }
    if checks
        .iter()
        .any(|check| check.state == State::ForDeployment)
    {
        let mark = terminal.glyph("–", "--");
        lines.push(format!(
            "  {mark} is needed for deployments to an account only"
        ));
    }
    lines
}
