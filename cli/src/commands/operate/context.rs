//! What every command that operates on a stack does: finds it, prints it, asks before a change, and prints a result.

use std::{
    env,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    args::operate::{BackupArgs, StackArgs},
    commands::error::Error,
    operate::{self, ENDPOINT, Endpoint, Settings, Target, backup::Backups},
    stack::RunningStack,
    terminal::{
        progress::Progress,
        screen::{self, Style, Terminal},
        spinner::Spinner,
    },
};

/// Directories beside tt.toml.
const BACKUPS: &str = "backups";
const RELEASES: &str = "releases";

/// The stack of a command, and how the command prints.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) target: Target,
    pub(super) settings: Settings,
    pub(super) terminal: Terminal,
    json: bool,
}

impl Context {
    /// Finds the stack and prints account, Region, endpoint and name.
    pub(super) async fn find(args: &StackArgs) -> Result<Self, Error> {
        let directory = env::current_dir().unwrap_or_default();
        let settings = Settings::load(args.config.as_deref(), &directory);
        let settings = settings.map_err(operate::Error::from)?;
        let option = args.endpoint.as_deref();
        let endpoint = Endpoint::choose(option, env::var(ENDPOINT).ok(), RunningStack::find)?;
        let local = option == Some("local");
        let configured = settings.stack.as_deref().filter(|_| !local);
        let stack = args.stack.as_deref().or(configured);
        let target = Target::find(endpoint, stack).await?;
        let terminal = Terminal::of_stdout();
        if !args.json {
            let heading = terminal.paint(Style::Bold, &target.heading());
            screen::print(&format!("{heading}\n"));
        }
        Ok(Self {
            target,
            settings,
            terminal,
            json: args.json,
        })
    }

    /// The backups of the account and Region.
    pub(super) fn backups(&self, args: &BackupArgs) -> Backups {
        let default = || self.settings.directory.join(BACKUPS);
        let directory = args.backups.clone().unwrap_or_else(default);
        Backups::new(&directory, &self.target.account, &self.target.region)
    }

    /// The directory of the packaged templates.
    pub(super) fn releases(&self, given: Option<&Path>) -> PathBuf {
        given.map_or_else(|| self.settings.directory.join(RELEASES), Path::to_path_buf)
    }

    /// Asks before a change on a real account; on this machine, and with `--yes`, nothing is asked.
    pub(super) fn confirm(&self, yes: bool, effects: &[String]) -> Result<(), Error> {
        let stdin = io::stdin();
        let can_ask = !self.json && stdin.is_terminal() && io::stderr().is_terminal();
        let decision = Decision::of(self.target.is_local, yes, can_ask);
        if decision == Decision::Proceed {
            return Ok(());
        }
        let mut question = String::from("This command\n");
        for effect in effects {
            question.push_str("  ");
            question.push_str(effect);
            question.push('\n');
        }
        screen::print_status(&question);
        if decision == Decision::Refuse {
            return Err(operate::Error::NotConfirmed.into());
        }
        screen::print_status(&format!(
            "on account {}. Type `yes` to continue: ",
            self.target.account
        ));
        let mut answer = String::new();
        let read = stdin.read_line(&mut answer);
        if read.is_ok() && answer.trim() == "yes" {
            return Ok(());
        }
        Err(operate::Error::NotConfirmed.into())
    }

    /// Prints the lines, or the stack and the result as one JSON object.
    pub(super) fn print(
        &self,
        result: &impl Serialize,
        lines: impl FnOnce(&Terminal) -> Vec<String>,
    ) {
        if !self.json {
            screen::print_lines(&lines(&self.terminal));
            return;
        }
        let mut object = Map::new();
        object.insert("target".to_owned(), value(&self.target));
        match value(result) {
            Value::Object(fields) => object.extend(fields),
            other => {
                object.insert("result".to_owned(), other);
            }
        }
        let text = serde_json::to_string_pretty(&Value::Object(object)).unwrap_or_default();
        screen::print(&format!("{text}\n"));
    }

    /// Runs an operation with progress on standard error. An error is a part of the JSON, too.
    pub(super) async fn with_progress<T>(
        &self,
        operation: impl AsyncFnOnce(&dyn Progress) -> Result<T, operate::Error>,
    ) -> Result<T, Error> {
        let progress = Spinner::new();
        let result = operation(&progress).await;
        drop(progress);
        if let (true, Err(error)) = (self.json, &result) {
            self.print(&json!({"error": error.text()}), |_| Vec::new());
        }
        Ok(result?)
    }
}

/// What happens before a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    /// The change is made.
    Proceed,
    /// The user is asked.
    Ask,
    /// Nothing is changed.
    Refuse,
}

impl Decision {
    fn of(is_local: bool, yes: bool, can_ask: bool) -> Self {
        match (is_local || yes, can_ask) {
            (true, _) => Self::Proceed,
            (false, true) => Self::Ask,
            (false, false) => Self::Refuse,
        }
    }
}

fn value(result: &impl Serialize) -> Value {
    serde_json::to_value(result).unwrap_or(Value::Null)
}

/// Columns of equal width, separated by two blanks, each line indented by two.
pub(super) fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("  {cell:width$}"));
        cells.collect::<String>().trim_end().to_owned()
    });
    lines.collect()
}

/// A green mark, or a red one.
pub(super) fn mark(terminal: &Terminal, holds: bool) -> String {
    if holds {
        terminal.paint(Style::Green, terminal.glyph("✓", "ok"))
    } else {
        terminal.paint(Style::Red, terminal.glyph("✗", "NO"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, columns};

    #[test]
    fn real_account_is_changed_only_with_a_confirmation() {
        assert_eq!(Decision::of(true, false, false), Decision::Proceed);
        assert_eq!(Decision::of(false, true, false), Decision::Proceed);
        assert_eq!(Decision::of(false, false, true), Decision::Ask);
        assert_eq!(Decision::of(false, false, false), Decision::Refuse);
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [["a", "long"], ["longer", "b"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows), ["  a       long", "  longer  b"]);
        assert!(columns(&[]).is_empty());
    }
}
